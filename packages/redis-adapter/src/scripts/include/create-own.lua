-- The ownership record of a shard that nobody has claimed yet.
local function create_own(own, dataset, born)
  redis.call('HSET', own, 'dataset', dataset, 'history', 'none', 'claim', 'none', 'owner', 'none',
    'incarnation', 'none', 'released', '1', 'epoch', 0, 'seq', 0, 'hash', '', 'answer', '',
    'finals', '', 'notBefore', 0, 'version', 0, 'pending', 0, 'last', '0-0', 'floor', 0, 'born', born)
end
