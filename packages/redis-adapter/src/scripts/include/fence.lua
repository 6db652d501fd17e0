--@include final-seq
-- What every fenced script checks before anything else: the record exists, the claim is the current
-- one, the history is the one it was made under. Answers the record, or nil and a refusal.
-- Record: dataset, history, claim, released, seq, hash, answer, pending, last
local function fence(own, claim, claimed_under, history)
  local record = redis.call('HMGET', own, 'dataset', 'history', 'claim', 'released', 'seq', 'hash',
    'answer', 'pending', 'last')
  if not record[1] then return nil, {3} end
  if record[3] ~= claim then return nil, {1, final_seq(redis.call('HGET', own, 'finals'), claim)} end
  if record[4] == '1' then return nil, {1, tonumber(record[5])} end
  if claimed_under ~= history or record[2] ~= history then return nil, {2, history} end
  return record
end
