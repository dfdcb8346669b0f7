#!/bin/sh
# Passwords of the stores for compose.yaml, in docker/secrets/. Existing files stay unchanged.
#   ./make-secrets.sh [rabbitmq]      rabbitmq: tasks go through RabbitMQ instead of Redis
set -eu
cd "$(dirname "$0")"

# Others cannot enter the folder; the files in it are readable because containers, whose users have
# other numbers than this one, see the files and not the folder.
mkdir -p -m 0700 secrets
umask 022
word() { head -c 24 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_'; }
keep() { [ -s "secrets/$1" ] || cat >"secrets/$1"; }

word | keep mongo_password
word | keep redis_password
word | keep rabbitmq_password
word | keep flower_password
mongo=$(cat secrets/mongo_password)
redis=$(cat secrets/redis_password)
rabbit=$(cat secrets/rabbitmq_password)
echo "mongodb://calipso:$mongo@mongo:27017/?authSource=admin" | keep mongo_url
echo "redis://:$redis@redis:6379/0" | keep redis_url
echo "requirepass $redis" | keep redis_config
printf 'default_user = calipso\ndefault_pass = %s\n' "$rabbit" | keep rabbitmq_config
rm -f secrets/broker_url   # it may change from one broker to the other
case ${1:-redis} in
  rabbitmq) echo "amqp://calipso:$rabbit@rabbitmq:5672//" | keep broker_url ;;
  redis) cp secrets/redis_url secrets/broker_url ;;
  *) echo "usage: make-secrets.sh [rabbitmq]" >&2; exit 2 ;;
esac
ls -l secrets
