#!lua flags=allow-oom
-- create-own: makes the ownership record of one shard when the cluster's data is created
-- KEYS     1 own  2.. the shard's other keys
-- ARGV     1 dataset  2 dataset whose record is adopted, or ''  3 fresh id of the record
--          4 kinds of the other keys
-- returns  {0, dataset of the record there now}
-- cost     O(keys)
--@include hold
--@include create-own
hold_all(2, ARGV[4])
local dataset = redis.call('HGET', KEYS[1], 'dataset')
if not dataset then
  create_own(KEYS[1], ARGV[1], ARGV[3])
  return {0, ARGV[1]}
end
if ARGV[2] ~= '' and dataset == ARGV[2] then
  redis.call('HSET', KEYS[1], 'dataset', ARGV[1])
  return {0, ARGV[1]}
end
return {0, dataset}
