-- The ownership of a shard as callers see it; nil where the record is missing.
local function ownership(own)
  local record = redis.call('HMGET', own, 'claim', 'owner', 'incarnation', 'released', 'epoch', 'seq',
    'history', 'pending', 'born', 'loss', 'epoch', 'seq', 'finals')
  if not record[1] then return nil end
  record[9], record[10] = record[9] or '', record[10] or ''
  -- Where the present claim has written nothing: the last commit of one before it.
  if record[6] == '0' then
    record[11] = '0'
    for seq, epoch in string.gmatch(record[13], '[^\n]+\n(%d+)\n(%d+)') do
      if seq ~= '0' then
        record[11], record[12] = epoch, seq
        break
      end
    end
  end
  record[13] = nil
  return record
end
