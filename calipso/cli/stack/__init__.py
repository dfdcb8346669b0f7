"""`calipso up / down / status`: everything Calipso needs, on one machine.

`calipso up` starts one supervisor process; its children are the embedded stores, the
Celery workers and beat. Without them (MongoDB, Redis and systemd or containers of your
own) nothing of this package is used.
"""
