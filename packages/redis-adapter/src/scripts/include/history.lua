-- Identity of this run of the primary: new after every restart and promotion.
local function history_id()
  return string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
end
