-- Raises the membership version by one and tells everybody.
local function raise_version(mv, channel)
  local version = tonumber(redis.call('HGET', mv, 'version') or 0) + 1
  redis.call('HSET', mv, 'version', version)
  publish(channel, version)
  return version
end
