#!lua flags=allow-oom
-- compare-dataset: compares the dataset a node belonged to with the present one, and notes a loss (I2)
-- KEYS     1 meta  2 loss
-- ARGV     1 node  2 id of a finding if one is opened  3 keep ms  4 time, or ''  5 dataset known
-- returns  {0, 1 when it is another one, 0, dataset} | {3} there is none
-- cost     O(1)
--@include now
--@include hold
--@include note-loss
local meta = redis.call('HMGET', KEYS[1], 'dataset', 'state')
if not meta[1] or meta[2] ~= 'ready' then return {3} end
if meta[1] == ARGV[5] then return {0, 0, 0, meta[1]} end
note_loss(KEYS[2], KEYS[1], now_ms(ARGV[4]), {
  id = ARGV[2], node = ARGV[1], keep = tonumber(ARGV[3]), most = 0,
}, {batches = {}, former = ARGV[5], present = meta[1]})
return {0, 1, 0, meta[1]}
