-- Gives the newest snapshot at or before a commit.
-- KEYS  1 machine (hash)  2 snapshots (hash)  3 snapshot numbers (sorted set)
-- ARGV  1 epoch  2 number of the commit
-- Gives {number, bytes}, or {} if there is none; bytes are missing where somebody has deleted them
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'form')
if machine[1] ~= ARGV[1] then
  return {}
elseif machine[2] ~= '1' then
  return redis.error_reply('FORM ' .. tostring(machine[2]))
end
local number = redis.call('ZREVRANGEBYSCORE', KEYS[3], ARGV[2], 0, 'LIMIT', 0, 1)[1]
if not number then
  return {}
end
return { number, redis.call('HGET', KEYS[2], number) }
