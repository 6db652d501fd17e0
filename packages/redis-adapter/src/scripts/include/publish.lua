-- A hint: whatever becomes of it, the write stands. Without a channel there is nobody to tell.
local function publish(channel, payload)
  if channel ~= '' then redis.pcall('PUBLISH', channel, payload) end
end
