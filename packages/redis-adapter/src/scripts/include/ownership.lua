-- The ownership of a shard as callers see it; nil where the record is missing.
local function ownership(own)
  local record = redis.call('HMGET', own, 'claim', 'owner', 'incarnation', 'released', 'epoch', 'seq',
    'history', 'pending')
  if not record[1] then return nil end
  return record
end
