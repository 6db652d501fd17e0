-- Calls `command key` with the values in pieces that unpack can hold.
local function in_chunks(command, key, values)
  for i = 1, #values, 4000 do
    redis.call(command, key, unpack(values, i, math.min(i + 3999, #values)))
  end
end
