#!lua flags=allow-oom
-- inspect: reads the ownership of shards
-- KEYS     own of each shard
-- ARGV     –
-- returns  {0, history, for each shard {0, claim, owner, incarnation, released, epoch, seq, history,
--          pending, born, loss mark, epoch and number of the last commit} or {3} where the record is missing}
-- cost     O(shards)
--@include history
--@include ownership
local answer = {0, history_id()}
for i, own in ipairs(KEYS) do
  local record = ownership(own)
  if record then
    table.insert(record, 1, 0)
    answer[i + 2] = record
  else
    answer[i + 2] = {3}
  end
end
return answer
