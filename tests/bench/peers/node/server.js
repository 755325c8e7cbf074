// The service's four hottest routes in Node, as its users would write them: fastify, pg and ioredis, one process for
// each core. DATABASE_URL and REDIS_SOCKET name the servers, LISTEN the unix socket.
'use strict'

const cluster = require('cluster')
const crypto = require('crypto')
const fs = require('fs')
const os = require('os')

const COLUMNS = `id, sku, name, description, price::text, currency, category_id, status, attributes, images, group_key,
  version::int, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS created_at,
  to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS updated_at`

const product = {
  type: 'object',
  properties: {
    id: { type: 'string' },
    sku: { type: 'string', nullable: true },
    name: { type: 'string' },
    description: { type: 'string', nullable: true },
    price: { type: 'string' },
    currency: { type: 'string' },
    category_id: { type: 'string' },
    status: { type: 'string' },
    attributes: { type: 'object', additionalProperties: true },
    images: { type: 'array', items: { type: 'string' } },
    group_key: { type: 'string', nullable: true },
    version: { type: 'integer' },
    created_at: { type: 'string' },
    updated_at: { type: 'string' }
  }
}

const input = {
  type: 'object',
  required: ['name', 'price', 'category_id'],
  additionalProperties: false,
  properties: {
    sku: { type: 'string', maxLength: 64, nullable: true },
    name: { type: 'string', minLength: 1, maxLength: 200 },
    description: { type: 'string', maxLength: 10000, nullable: true },
    price: { type: 'string', pattern: '^[0-9]{1,14}(\\.[0-9]{1,4})?$' },
    currency: { type: 'string', pattern: '^[A-Z]{3}$', default: 'USD' },
    category_id: { type: 'string', pattern: '^[0-9a-f-]{36}$' },
    status: { type: 'string', enum: ['draft', 'active', 'archived'], default: 'active' },
    attributes: { type: 'object', default: {} },
    images: { type: 'array', items: { type: 'string' }, default: [] },
    group_key: { type: 'string', maxLength: 64, nullable: true }
  }
}

function uuid () {
  const bytes = crypto.randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function serve () {
  const app = require('fastify')()
  const { Pool } = require('pg')
  const Redis = require('ioredis')
  const url = new URL(process.env.DATABASE_URL.replace('postgresql:///', 'postgresql://local/'))
  const db = new Pool({
    host: url.searchParams.get('host'),
    user: url.searchParams.get('user'),
    database: url.pathname.slice(1),
    max: 8
  })
  const cache = new Redis({ path: process.env.REDIS_SOCKET })

  app.get('/api/v1/products/:id', { schema: { response: { 200: product } } }, async (request, reply) => {
    const key = `node:product:${request.params.id}`
    const fresh = (request.headers['cache-control'] || '').includes('no-cache')
    const held = fresh ? null : await cache.get(key)
    if (held !== null) {
      return reply.type('application/json').serializer((text) => text).send(held)
    }
    const found = await db.query({
      name: 'get',
      text: `SELECT ${COLUMNS} FROM product WHERE id = $1 AND deleted_at IS NULL`,
      values: [request.params.id]
    })
    if (found.rows.length === 0) {
      return reply.code(404).send({ title: 'Not found', status: 404, detail: 'There is no such product.' })
    }
    const body = reply.serialize(found.rows[0])
    if (!fresh) {
      cache.set(key, body, 'EX', 300).catch(() => {})
    }
    return reply.type('application/json').header('ETag', `"${found.rows[0].version}"`).serializer((text) => text).send(body)
  })

  app.get('/api/v1/products', { schema: { response: { 200: { type: 'array', items: product } } } }, async (request) => {
    const limit = Math.min(Math.max(parseInt(request.query.limit, 10) || 50, 1), 500)
    const found = await db.query({
      name: 'list',
      text: `SELECT ${COLUMNS} FROM product WHERE category_id = $1 AND status = 'active' AND deleted_at IS NULL
             ORDER BY product.created_at DESC, id DESC LIMIT $2`,
      values: [request.query.category_id, limit]
    })
    return found.rows
  })

  app.post('/api/v1/products', { schema: { body: input, response: { 201: product } } }, async (request, reply) => {
    const p = request.body
    const made = await db.query({
      name: 'create',
      text: `INSERT INTO product (id, sku, name, description, price, currency, category_id, status, attributes, images,
             group_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING ${COLUMNS}`,
      values: [uuid(), p.sku, p.name, p.description, p.price, p.currency, p.category_id, p.status,
        JSON.stringify(p.attributes), JSON.stringify(p.images), p.group_key]
    })
    const row = made.rows[0]
    reply.code(201)
    const body = reply.serialize(row)
    cache.set(`node:product:${row.id}`, body, 'EX', 300).catch(() => {})
    return reply.type('application/json').header('Location', `/api/v1/products/${row.id}`)
      .header('ETag', `"${row.version}"`).serializer((text) => text).send(body)
  })

  app.listen({ path: process.env.LISTEN }).then(() => fs.chmodSync(process.env.LISTEN, 0o666))
}

if (cluster.isPrimary) {
  for (let i = 0; i < os.cpus().length; i++) {
    cluster.fork()
  }
  process.on('SIGTERM', () => process.exit(0))
} else {
  serve()
}
