-- Stores commits that nobody sees until publish.lua makes them a machine.
-- KEYS  1 commits (stream)  2 ids (hash)
-- ARGV  1 number of the first of these commits  2 seconds that all stays when nothing is added  3, 4, … id, text of each
-- Gives {'staged'} | {'known', id that was staged before} | {'lost', staged commits that are there}
local number = tonumber(ARGV[1])
local there = redis.call('XLEN', KEYS[1])
if there ~= number - 1 then
  return { 'lost', there }
end
for at = 3, #ARGV, 2 do
  local text = string.format('%.0f', number)
  if redis.call('HSETNX', KEYS[2], ARGV[at], text) == 0 then
    return { 'known', ARGV[at] }
  end
  redis.call('XADD', KEYS[1], text .. '-0', 'id', ARGV[at], 'text', ARGV[at + 1])
  number = number + 1
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return { 'staged' }
