#!lua flags=allow-oom
-- meta-ready: opens the cluster's data once all its shards have their records
-- KEYS     1 meta
-- ARGV     1 dataset
-- returns  {0} | {3} when another dataset, or none, is there now
-- cost     O(1)
if redis.call('HGET', KEYS[1], 'dataset') ~= ARGV[1] then return {3} end
redis.call('HSET', KEYS[1], 'state', 'ready')
return {0}
