-- One load for wrk: requests of the kinds named in a mix, in a fixed order, made before the clock starts where possible.
--
--   wrk … -s load.lua URL -- MIX TARGETS TAG
--
-- MIX      kinds with their weights, as read=80,list=15,create=5
-- TARGETS  a file of lines "id UUID" (what is read), "list UUID" (categories of lists), "create UUID" (the category
--          of what is created) and "search TEXT" (what is searched for, percent-encoded)
-- TAG      letters and digits that no other run against the same database uses: names and skus begin with it
--
-- The last line that it prints is one JSON object with wrk's figures, for run.py.

local products = "/api/v1/products"
local create_body = '{"sku":"%s-%s","name":"Bench product %s %s","price":"19.99","currency":"EUR","category_id":"%s",' ..
    '"description":"Made by the benchmark, with a description as long as one that a person would write for it.",' ..
    '"attributes":{"colour":"green","weight_g":100,"organic":true},"images":["https://img.example.com/p/1.jpg"]}'
local json = { ["Content-Type"] = "application/json" }

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("thread_number", threads)
end

-- For each kind a function that takes the targets and the tag, and returns a function that gives the next request.
local kinds = {}

local function in_turn(requests)
    local next_one = thread_number
    return function()
        next_one = next_one % #requests + 1
        return requests[next_one]
    end
end

function kinds.read(targets)
    local requests = {}
    for i, id in ipairs(targets.id) do
        requests[i] = wrk.format("GET", products .. "/" .. id)
    end
    return in_turn(requests)
end

function kinds.fresh(targets)
    local requests = {}
    for i, id in ipairs(targets.id) do
        requests[i] = wrk.format("GET", products .. "/" .. id, { ["Cache-Control"] = "no-cache" })
    end
    return in_turn(requests)
end

local function lists(targets, headers)
    local requests = {}
    for i, id in ipairs(targets.list) do
        requests[i] = wrk.format("GET", products .. "?category_id=" .. id .. "&limit=20", headers)
    end
    return in_turn(requests)
end

function kinds.list(targets)
    return lists(targets, {})
end

function kinds.freshlist(targets)
    return lists(targets, { ["Cache-Control"] = "no-cache" })
end

function kinds.search(targets)
    local requests = {}
    for i, text in ipairs(targets.search) do
        requests[i] = wrk.format("GET", products .. "?q=" .. text .. "&sort=relevance&limit=20")
    end
    return in_turn(requests)
end

function kinds.create(targets, tag)
    local prefix = tag .. thread_number
    local count = 0
    return function()
        count = count + 1
        local number = string.format("%08d", count)
        local body = string.format(create_body, prefix, number, prefix, number, targets.create[1])
        return wrk.format("POST", products, json, body)
    end
end

function kinds.batch(targets, tag)
    local prefix = tag .. "b" .. thread_number
    local count = 0
    return function()
        local operations = {}
        for i = 1, 1000 do
            count = count + 1
            local number = string.format("%08d", count)
            operations[i] = '{"op":"create","product":' ..
                string.format(create_body, prefix, number, prefix, number, targets.create[1]) .. '}'
        end
        return wrk.format("POST", products .. "/batch", json, "[" .. table.concat(operations, ",") .. "]")
    end
end

local function targets_read(path)
    local targets = { id = {}, list = {}, create = {}, search = {} }
    for line in io.lines(path) do
        local kind, id = line:match("^(%a+) (%S+)$")
        table.insert(targets[kind], id)
    end
    return targets
end

-- The mix as a wheel of requests to give in turn: each kind as often as its weight says, strewn evenly.
local function wheel_make(mix, targets, tag)
    local entries, total = {}, 0
    for kind, weight in mix:gmatch("(%a+)=(%d+)") do
        local give = kinds[kind](targets, tag)
        for i = 1, tonumber(weight) do
            table.insert(entries, { at = (i - 0.5) / weight, give = give, kind = kind })
            total = total + 1
        end
    end
    table.sort(entries, function(a, b)
        return a.at < b.at or (a.at == b.at and a.kind < b.kind)
    end)
    return entries, total
end

local wheel, slots, slot

function init(args)
    wheel, slots = wheel_make(args[1], targets_read(args[2]), args[3])
    slot = 0
end

function request()
    slot = slot % slots + 1
    return wheel[slot].give()
end

function done(summary, latency)
    local errors, histogram = summary.errors, {}
    for i = 1, #latency do
        histogram[i] = string.format("[%d,%d]", latency(i))
    end
    print(string.format('{"requests":%d,"seconds":%.6f,"socket_errors":%d,"timeouts":%d,"histogram_us":[%s]}',
        summary.requests, summary.duration / 1e6, errors.connect + errors.read + errors.write, errors.timeout,
        table.concat(histogram, ",")))
end
