#!lua flags=allow-oom
-- create-meta: begins the cluster's data, unless somebody has
-- KEYS     1 meta
-- ARGV     1 fresh dataset id  2 shard count  3 incarnation that asks
-- returns  {0, dataset, shard count, state}
-- cost     O(1)
local meta = redis.call('HMGET', KEYS[1], 'dataset', 'shards', 'state')
if meta[1] then return {0, meta[1], meta[2], meta[3]} end
redis.call('HSET', KEYS[1], 'dataset', ARGV[1], 'shards', ARGV[2], 'state', 'creating',
  'createdBy', ARGV[3])
return {0, ARGV[1], ARGV[2], 'creating'}
