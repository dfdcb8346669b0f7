"""RabbitMQ as a source: the notifications of OpenStack's services."""
