"""The order of the messages of each queue, and how far the workers are.

A queue delivers its messages in the order of sending. Each message of a scan gets the next number
of its queue. When a worker has begun a message, each message with a lower number is on a worker or
lost. So lost messages are noticed even in a queue that is never empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from pymongo import ReturnDocument
from pymongo.database import Database

from calipso.model.documents import Document
from calipso.utils.clock import now


class QueueOrder:
    """Numbers of messages, in the collection `queue_order`, which has one document per queue."""

    def __init__(self, db: Database[Document]) -> None:
        self._queues = db["queue_order"]

    def take(self, queue: str, number: int = 1) -> int:
        """Take the next numbers of a queue for messages to send; returns the first of them."""
        found = self._queues.find_one_and_update(
            {"_id": queue},
            {"$inc": {"sent": number}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        sent = found["sent"] if found else number
        return int(sent) - number + 1

    def number(self, tasks: Iterable[Document]) -> None:
        """Give tasks that will be sent now the next numbers (`sequence`) of their queues."""
        by_queue: dict[str, list[Document]] = defaultdict(list)
        for task in tasks:
            by_queue[task["queue"]].append(task)
        for queue, waiting in by_queue.items():
            first = self.take(queue, len(waiting))
            for place, task in enumerate(waiting):
                task["sequence"] = first + place

    def begun(self, queue: str, sequence: int) -> None:
        """Note that the message with this number reached a worker."""
        self._queues.update_one({"_id": queue}, {"$max": {"begun": sequence}}, upsert=True)

    def pass_mark(self, queue: str, seconds: float) -> None:
        """Note that a message without a number reached a worker, with its greatest possible age.

        Earlier messages have left the queue.
        """
        reached = now()  # the store may answer late, and the message is no older then
        mark = self._queues.find_one({"_id": queue}) or {}
        if "seen_at" in mark and mark["seen_at"] > reached - timedelta(seconds=seconds):
            return
        seen = {"seen": mark.get("sent", 0), "seen_at": now()}
        update = {"$max": {"begun": mark.get("seen", 0)}, "$set": seen}
        self._queues.update_one({"_id": queue}, update, upsert=True)

    def all_begun(self) -> dict[str, int]:
        """Return the highest number of a message that reached a worker, by queue."""
        return {str(mark["_id"]): int(mark.get("begun", 0)) for mark in self._queues.find()}
