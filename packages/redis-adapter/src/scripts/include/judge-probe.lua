--@include judge
-- Judges peers whose alive subscription is missing, seen twice `confirm` ms apart. Answers whether
-- anybody became suspect, and in how many ms to look again, or -1.
-- KEYS of the heartbeat: 4 alive (node -> channel), 6 missing (channel -> since), 7 deaf (channel -> until)
local function judge_by_probe(own_channel, now, confirm)
  local absent, own_alive = {}, false
  local channels, alive = {}, redis.call('HGETALL', KEYS[4])
  for i = 1, #alive, 2 do
    if alive[i] ~= '' then channels[#channels + 1] = alive[i + 1] end
  end
  for from = 1, #channels, 4000 do
    local counts = redis.call('PUBSUB', 'NUMSUB', unpack(channels, from, math.min(from + 3999, #channels)))
    for i = 2, #counts, 2 do
      if counts[i] == 0 then absent[counts[i - 1]] = true
      elseif counts[i - 1] == own_channel then own_alive = true end
    end
  end
  if not own_alive then return false, -1 end
  local known = redis.call('HGETALL', KEYS[6])
  if not next(absent) then
    if #known > 2 then clear(KEYS[6]) end
    return false, -1
  end

  local since, back = {}, {}
  for i = 1, #known, 2 do
    since[known[i]] = tonumber(known[i + 1])
    if known[i] ~= '' and not absent[known[i]] then back[#back + 1] = known[i] end
  end
  in_chunks('HDEL', KEYS[6], back)
  local suspected, recheck = false, -1
  for i = 1, #alive, 2 do
    local channel = alive[i + 1]
    local deaf = absent[channel] and tonumber(redis.call('HGET', KEYS[7], channel) or 0)
    if deaf and deaf <= now then
      if not since[channel] then redis.call('HSET', KEYS[6], channel, string.format('%.0f', now)) end
      local wait = confirm - (now - (since[channel] or now))
      if wait <= 0 then
        judge(alive[i], 'suspect')
        redis.call('HDEL', KEYS[6], channel)
        suspected = true
      elseif recheck < 0 or wait < recheck then recheck = wait end
    end
  end
  return suspected, recheck
end
