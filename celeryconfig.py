"""Calipso's Celery settings: values only. Addresses: settings of Calipso (workers/app.py)."""

import socket

task_serializer = "json"
result_serializer = "json"
accept_content = ["json"]
timezone = "UTC"
enable_utc = True

# The task of a killed worker runs again. Writes are upserts, so a second run does no harm.
task_acks_late = True
task_reject_on_worker_lost = True
worker_prefetch_multiplier = 1

# Results are counters of chords; nobody reads them.
result_expires = 86400
task_ignore_result = False
task_store_errors_even_if_ignored = True
result_chord_ordered = False
result_chord_join_timeout = 30.0

# Prefork queues only: thread pools ignore time limits, so sources carry their own time-outs. Link
# finders and cliques get others with their messages (workers/publisher.py).
task_soft_time_limit = 270
task_time_limit = 300

# On a silent connection TCP keepalive asks after 30 s whether the other side still exists, and
# gives it up a minute later. So a worker host takes tasks again when its cut link is back.
# Without these values, Linux asks after two hours.
keepalive = {socket.TCP_KEEPIDLE: 30, socket.TCP_KEEPINTVL: 15, socket.TCP_KEEPCNT: 4}

broker_transport_options = {
    # Longer than any task may take with its wait in the worker (workers/app.py raises it to what
    # the settings let one take); the watchdog acts much earlier.
    "visibility_timeout": 900,
    "socket_keepalive": True,
    "socket_keepalive_options": keepalive,
    # Pauses between two attempts to reach a broker that is away (workers/connection.py): it is
    # asked again every 3 s at the least. Celery's pauses grow to 30 s.
    "interval_start": 0.5,
    "interval_step": 0.5,
    "interval_max": 3.0,
    # RabbitMQ: a message counts as sent when the broker says it has it (workers/connection.py).
    "confirm_publish": True,
}
result_backend_transport_options = {"retry_policy": {"timeout": 30.0}}
redis_socket_keepalive = True
redis_retry_on_timeout = True
redis_socket_timeout = 60.0
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
worker_cancel_long_running_tasks_on_connection_loss = False
# After a restart of RabbitMQ, Celery would request fewer messages, and more again as tasks end. It
# would do this from a thread of the pool, on the connection that the worker reads, which then hangs
# until the next heartbeat. Without it, some more messages wait in the worker.
worker_enable_prefetch_count_reduction = False

# paramiko and XML parsing leak some memory.
worker_max_tasks_per_child = 2000
worker_hijack_root_logger = False
worker_send_task_events = True
task_send_sent_event = False
task_track_started = False

task_default_queue = "scan"
task_routes = {
    "calipso.drift.judge": {"queue": "cliques"},
    "calipso.housekeeping.run": {"queue": "scan"},
    "calipso.scan.start": {"queue": "scan"},
    "calipso.scan.advance": {"queue": "scan"},
    "calipso.scan.watch": {"queue": "scan"},
    "calipso.monitoring.tick": {"queue": "scan"},
    "calipso.monitoring.deliver": {"queue": "scan"},
    "calipso.monitoring.settle": {"queue": "cliques"},
    # calipso.monitoring.round is sent to the queue of its host
    "calipso.events.look": {"queue": "events"},
    "calipso.events.look_all": {"queue": "events"},
    # calipso.scan.run is sent to the queue of its source: api, db, cli, links or cliques
}

beat_schedule = {
    "watchdog": {"task": "calipso.scan.watch", "schedule": 5.0, "options": {"expires": 5.0}},
    "schedules": {
        "task": "calipso.schedules.dispatch",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "monitoring": {
        "task": "calipso.monitoring.tick",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "alerts": {
        "task": "calipso.monitoring.deliver",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "events": {
        "task": "calipso.events.look_all",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "housekeeping": {
        "task": "calipso.housekeeping.run",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
}
