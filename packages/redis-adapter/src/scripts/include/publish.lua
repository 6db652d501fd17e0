-- A hint: whatever becomes of it, the write stands.
local function publish(channel, payload)
  redis.pcall('PUBLISH', channel, payload)
end
