"""The channel layer on Redis."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer


class RedisLayer(RedisPubSubChannelLayer):
    """The layer of `channels_redis`, which is pinned, and one more method."""

    async def group_send_all(self, messages: Mapping[str, dict[str, Any]]) -> None:
        """Send a message to each of these groups, all in one round trip. `group_send` waits for each: a batch with
        messages of many conversations would take longer to publish than to store."""
        layer = self._get_layer()
        by_shard: dict[Any, list[tuple[str, bytes]]] = defaultdict(list)
        for group, message in messages.items():
            channel = layer._get_group_channel_name(group)
            by_shard[layer._get_shard(channel)].append((channel, self.serialize(message)))
        for shard, sent in by_shard.items():
            async with shard._lock:
                shard._ensure_redis()
                pipeline = shard._redis.pipeline(transaction=False)
                for channel, data in sent:
                    pipeline.publish(channel, data)
                await pipeline.execute()
