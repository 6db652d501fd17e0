-- Redis time in milliseconds; the only clock of all scripts. A test may give the time instead.
local function now_ms(override)
  if override ~= '' then return tonumber(override) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
