#!lua flags=allow-oom
-- leave: marks a node as left, if the incarnation still is the registered one
-- KEYS     1 nodes  2 beats  3 alive  4 mv  5 gone
-- ARGV     1 node  2 incarnation  3 membership channel  4 time, or ''
-- returns  {0}
-- cost     O(log nodes)
--@include now
--@include publish
--@include node-record
--@include version
local record = redis.call('HGET', KEYS[1], ARGV[1])
local node = record and parse_node(record)
if not node or node.incarnation ~= ARGV[2] or node.state == 'left' then return {0} end
node.state = 'left'
redis.call('HSET', KEYS[1], ARGV[1], format_node(node))
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[5], string.format('%.0f', now_ms(ARGV[4])), ARGV[1])
raise_version(KEYS[4], ARGV[3])
return {0}
