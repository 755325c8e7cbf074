-- Before an answer goes to the client: who may read it from a browser, errors as problem documents, and the texts for
-- the access log.

-- Who may call from a browser (CORS): any site. To narrow it, name the sites:
--     local origins = { ["https://shop.example.org"] = true }
local origins = "*"

local request = lighty.r
local asked = request.req_header
local answer = request.resp_header
local status = request.req_item.http_status

local function is_preflight()
    return request.req_attr["request.method"] == "OPTIONS" and asked["Access-Control-Request-Method"]
end

local function allow_origin()
    local origin = asked["Origin"]
    if origins == "*" then
        answer["Access-Control-Allow-Origin"] = "*"
    else
        local vary = answer["Vary"]
        answer["Vary"] = vary and vary .. ", Origin" or "Origin"
        if not (origin and origins[origin]) then
            return
        end
        answer["Access-Control-Allow-Origin"] = origin
    end
    answer["Access-Control-Expose-Headers"] = "Age, Cache-Status, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, "
        .. "Retry-After, Server-Timing, X-Request-Id, X-Search-Corrected, X-Search-Ranked, X-Total-Count"
    if is_preflight() then
        answer["Access-Control-Allow-Methods"] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
        answer["Access-Control-Allow-Headers"] = "Accept, Authorization, Cache-Control, Content-Type, "
            .. "Idempotency-Key, If-Match, If-Modified-Since, If-None-Match, Last-Event-ID, Prefer, X-Request-Id, traceparent, tracestate"
        answer["Access-Control-Max-Age"] = "7200"
    end
end

-- What lighttpd itself may answer: type, title, detail.
local problems = {
    [400] = { "bad-request", "Bad request", "the request is not well-formed HTTP" },
    [404] = { "not-found", "Not found", "there is nothing at this address" },
    [408] = { "request-timeout", "Request timeout", "the request did not arrive in time" },
    [411] = { "length-required", "Length required", "the request does not say how long its body is" },
    [413] = { "too-large", "Payload too large", "the body is larger than this server takes" },
    [414] = { "uri-too-long", "URI too long", "the URI is longer than this server takes" },
    [431] = { "headers-too-large", "Request header fields too large",
        "the header fields are larger than this server takes" },
    [501] = { "not-implemented", "Not implemented", "this is not served" },
    [503] = { "unavailable", "Service unavailable", "the service cannot be reached; try again shortly" },
    [505] = { "version-not-supported", "HTTP version not supported", "this version of HTTP is not served" },
}

local function text_or_empty(text, pattern)
    return text and #text <= 128 and text:find(pattern) and text or ""
end

-- request.lua has seen to the id, but is not asked where the request is refused while it is read.
local request_id = text_or_empty(asked["X-Request-Id"], "^[%w._-]+$")
if request_id == "" then
    local random = lighty.c.rand
    request_id = ("%08x%08x%08x%08x"):format(random() & 0xffffffff, random() & 0xffffffff, random() & 0xffffffff,
        random() & 0xffffffff)
end

-- An error that comes from the worker has a Content-Type of its own; lighttpd's pages are HTML, or nothing.
local function is_ours()
    local content_type = answer["Content-Type"]
    return status >= 400 and (not content_type or content_type:find("^text/html") ~= nil)
end

-- Writes the problem document (RFC 9457) and returns its status. A worker that cannot be reached, dies or keeps silent
-- is one and the same to the client: try again.
local function write_problem()
    local final = status
    if status == 500 or status == 502 or status == 504 then
        final = 503
    end
    local problem = problems[final] or { "refused", "Request refused", "the request cannot be served" }
    local type, title, detail = problem[1], problem[2], problem[3]
    answer["Content-Type"] = "application/problem+json"
    answer["Cache-Control"] = "no-store"
    answer["X-Request-Id"] = request_id
    if final == 503 then
        answer["Retry-After"] = "1"
    end
    request.resp_body.set({ ('{"type":"/problems/%s","title":"%s","status":%d,"detail":"%s","error":"%s",'
        .. '"timestamp":"%s","request_id":"%s"}\n'):format(type, title, final, detail, title,
        os.date("!%Y-%m-%dT%H:%M:%SZ"), request_id) })
    return final
end

-- The log stays valid JSON: a text that is not UTF-8 loses its bytes above ASCII.
local function loggable(text)
    if not text then
        return ""
    end
    return utf8.len(text) and text or (text:gsub("[\x80-\xff]", "?"))
end

local function upstream_seconds()
    local seconds, nanoseconds = lighty.c.hrtime()
    local start_seconds, start_nanoseconds = request.req_item.start_time()
    return ("%.3f"):format(seconds - start_seconds + (nanoseconds - start_nanoseconds) / 1e9)
end

local function note_for_log()
    local note = request.req_env
    note["WARES_REQUEST_ID"] = request_id
    note["WARES_TRACEPARENT"] = text_or_empty(asked["traceparent"], "^%x%x%-%x+%-%x+%-%x%x$")
    note["WARES_URI"] = loggable(request.req_attr["request.orig-uri"])
    note["WARES_AGENT"] = loggable(asked["User-Agent"])
    note["WARES_UPSTREAM_TIME"] = upstream_seconds()
end

allow_origin()
note_for_log()
if is_ours() then
    return write_problem()
end
