"""The Celery app: addresses from Calipso's settings, values from celeryconfig, tasks by name."""

from __future__ import annotations

from celery import Celery

from calipso.settings import settings
from calipso.utils.store_addresses import broker_url, redis_url
from workers.loader import InstalledLoader

app = Celery(
    "calipso",
    broker=broker_url(settings()),
    backend=redis_url(settings()),
    amqp="workers.connection:PacedAMQP",
    loader=InstalledLoader,
)
app.config_from_object("celeryconfig")
app.conf.broker_transport_options["visibility_timeout"] = max(
    app.conf.broker_transport_options["visibility_timeout"],
    2 * int(settings().graph_task_seconds) + 120,  # a task may wait in the worker for another one
)
app.conf.beat_schedule["watchdog"]["schedule"] = settings().watchdog_interval
app.autodiscover_tasks(["workers"], related_name="tasks.scan")
app.autodiscover_tasks(["workers"], related_name="tasks.schedules")
app.autodiscover_tasks(["workers"], related_name="tasks.housekeeping")
app.autodiscover_tasks(["workers"], related_name="tasks.connection_tests")
app.autodiscover_tasks(["workers"], related_name="tasks.monitoring")
app.autodiscover_tasks(["workers"], related_name="tasks.drift")
app.autodiscover_tasks(["workers"], related_name="tasks.events")
app.autodiscover_tasks(["workers"], related_name="logs")
app.autodiscover_tasks(["workers"], related_name="health")
app.autodiscover_tasks(["workers"], related_name="collecting")
