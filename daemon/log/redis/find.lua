-- Finds the commit with a command id.
-- KEYS  1 machine (hash)  2 ids (hash)
-- ARGV  1 epoch  2 command id
-- Gives {number}, or {} if there is none
local machine = redis.call('HMGET', KEYS[1], 'epoch', 'first', 'form')
if machine[1] ~= ARGV[1] then
  return {}
elseif machine[3] ~= '1' then
  return redis.error_reply('FORM ' .. tostring(machine[3]))
end
local known = redis.call('HGET', KEYS[2], ARGV[2])
if not known or tonumber(known) < tonumber(machine[2]) then
  return {}
end
return { known }
