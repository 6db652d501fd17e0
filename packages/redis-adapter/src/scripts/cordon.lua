#!lua flags=allow-oom
-- cordon: sets the flag that keeps shards away from a node, across its restarts
-- KEYS     1 nodes  2 mv
-- ARGV     1 node  2 '1' or '0'  3 membership channel
-- returns  {0} | {14} unknown node
-- cost     O(1)
--@include publish
--@include node-record
--@include version
local record = redis.call('HGET', KEYS[1], ARGV[1])
if not record then return {14} end
local node = parse_node(record)
if node.cordoned == ARGV[2] then return {0} end
node.cordoned = ARGV[2]
redis.call('HSET', KEYS[1], ARGV[1], format_node(node))
raise_version(KEYS[2], ARGV[3])
return {0}
