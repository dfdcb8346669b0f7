"""Tests of the sample cloud, with the clients that scans use."""
