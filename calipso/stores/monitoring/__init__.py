"""Stores of monitoring: statuses, results of other systems, rounds of hosts, silences, alerts."""
