-- Trims a log up to its newest snapshot at or before a commit, then deletes some of what is trimmed.
-- KEYS  1 machine (hash)  2 commits (stream)  3 ids (hash)  4 snapshots (hash)  5 snapshot numbers (sorted set)
-- ARGV  1 epoch  2 number of the commit  3 most commits to delete in this call
-- Gives {'trimmed', first, whether there is more to delete} | {'epoch-changed', epoch} | {'no-such-machine'}
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'head', 'form')
if not machine[1] then
  return { 'no-such-machine' }
elseif machine[4] ~= '1' then
  return redis.error_reply('FORM ' .. tostring(machine[4]))
elseif machine[1] ~= ARGV[1] then
  return { 'epoch-changed', machine[1] }
end
local first = tonumber(machine[2])
local cut = tonumber(redis.call('ZREVRANGEBYSCORE', KEYS[5], ARGV[2], 0, 'LIMIT', 0, 1)[1] or '0')
if cut >= first then
  first = cut + 1
  redis.call('HSET', KEYS[1], 'first', string.format('%.0f', first))
  for _, number in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', '(' .. cut)) do
    redis.call('HDEL', KEYS[4], number)
    redis.call('ZREM', KEYS[5], number)
  end
end
-- The last commit stays for a while when it is trimmed, so that its id stays known: see isThis in daemon/log/rules.ts.
local kept = math.min(first, tonumber(machine[3]))
local trimmed = redis.call('XRANGE', KEYS[2], '-', string.format('(%.0f-0', kept), 'COUNT', ARGV[3])
for _, entry in ipairs(trimmed) do
  -- The same id may have come again after the trim.
  local id, number = entry[2][2], entry[1]:match('^%d+')
  if redis.call('HGET', KEYS[3], id) == number then
    redis.call('HDEL', KEYS[3], id)
  end
  redis.call('XDEL', KEYS[2], entry[1])
end
return { 'trimmed', string.format('%.0f', first), #trimmed == tonumber(ARGV[3]) and 1 or 0 }
