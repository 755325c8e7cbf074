-- Before a request goes to the worker: its id, what is for operators only, and the preflight of a browser.

local request = lighty.r
local header = request.req_header

-- In the worker's environment "_" and "-" are the same: X_Request_Id would pass for X-Request-Id.
local doubtful = {}
for name in pairs(header) do
    if name:find("_", 1, true) then
        doubtful[#doubtful + 1] = name
    end
end
for _, name in ipairs(doubtful) do
    header[name] = nil
end

-- The client's id where it is one that the worker takes too, ours otherwise.
local id = header["X-Request-Id"]
if not id or #id > 128 or not id:find("^[%w._-]+$") then
    local random = lighty.c.rand
    id = ("%08x%08x%08x%08x"):format(random() & 0xffffffff, random() & 0xffffffff, random() & 0xffffffff,
        random() & 0xffffffff)
    header["X-Request-Id"] = id
end

local path = request.req_attr["uri.path"]
for _, hidden in ipairs({ "/metrics", "/status" }) do
    if path == hidden or path:sub(1, #hidden + 1) == hidden .. "/" then
        return 404
    end
end

-- A preflight is an OPTIONS that says which method is to follow (Fetch standard, section 4.8). A plain OPTIONS is the
-- worker's.
if request.req_attr["request.method"] == "OPTIONS" and header["Access-Control-Request-Method"] then
    return 204
end
