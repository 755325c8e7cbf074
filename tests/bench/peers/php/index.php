<?php
// The service's four hottest routes in PHP, as its users would write them: PHP-FPM, PDO and phpredis, with persistent
// connections. DATABASE_DSN, DATABASE_USER and REDIS_SOCKET name the servers.
declare(strict_types=1);

const PATH = '/api/v1/products';
const COLUMNS = "id, sku, name, description, price::text, currency, category_id, status, attributes, images, group_key,
    version, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS created_at,
    to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS updated_at";

function answer(int $status, string $body): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo $body;
}

function fail(int $status, string $detail): void
{
    answer($status, json_encode(['status' => $status, 'detail' => $detail]));
}

function db(): PDO
{
    return new PDO(getenv('DATABASE_DSN'), getenv('DATABASE_USER'), null, [
        PDO::ATTR_PERSISTENT => true,
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
        PDO::PGSQL_ATTR_DISABLE_PREPARES => true, // one round trip: a statement would not outlive the request anyway
    ]);
}

function cache(): Redis
{
    $redis = new Redis();
    $redis->pconnect(getenv('REDIS_SOCKET'));
    return $redis;
}

function shape(array $row): array
{
    $row['attributes'] = json_decode($row['attributes']);
    $row['images'] = json_decode($row['images']);
    return $row;
}

function encode(array $value): string
{
    return json_encode($value, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
}

function get(string $id): void
{
    $fresh = str_contains($_SERVER['HTTP_CACHE_CONTROL'] ?? '', 'no-cache');
    $held = $fresh ? false : cache()->get("php:product:$id");
    if ($held !== false) {
        answer(200, $held);
        return;
    }
    $statement = db()->prepare('SELECT ' . COLUMNS . ' FROM product WHERE id = ? AND deleted_at IS NULL');
    $statement->execute([$id]);
    $row = $statement->fetch();
    if ($row === false) {
        fail(404, 'There is no such product.');
        return;
    }
    $body = encode(shape($row));
    if (!$fresh) {
        cache()->setex("php:product:$id", 300, $body);
    }
    header("ETag: \"{$row['version']}\"");
    answer(200, $body);
}

function list_products(): void
{
    $limit = min(max((int) ($_GET['limit'] ?? 50), 1), 500);
    $statement = db()->prepare('SELECT ' . COLUMNS . " FROM product WHERE category_id = ? AND status = 'active'
        AND deleted_at IS NULL ORDER BY product.created_at DESC, id DESC LIMIT $limit");
    $statement->execute([$_GET['category_id'] ?? null]);
    answer(200, encode(array_map('shape', $statement->fetchAll())));
}

function uuid(): string
{
    $bytes = substr(pack('J', (int) (microtime(true) * 1000)), 2) . random_bytes(10);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x70);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

function create(): void
{
    $in = json_decode(file_get_contents('php://input'), true);
    if (!is_array($in) || !is_string($in['name'] ?? null) || trim($in['name']) === '' || strlen($in['name']) > 200
        || !preg_match('/^[0-9]{1,14}(\.[0-9]{1,4})?$/', (string) ($in['price'] ?? ''))) {
        fail(400, 'A name and a price are needed.');
        return;
    }
    $statement = db()->prepare('INSERT INTO product (id, sku, name, description, price, currency, category_id, status,
        attributes, images, group_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING ' . COLUMNS);
    $statement->execute([uuid(), $in['sku'] ?? null, $in['name'], $in['description'] ?? null, $in['price'],
        $in['currency'] ?? 'USD', $in['category_id'], $in['status'] ?? 'active',
        json_encode((object) ($in['attributes'] ?? [])), json_encode($in['images'] ?? []), $in['group_key'] ?? null]);
    $row = $statement->fetch();
    $body = encode(shape($row));
    cache()->setex("php:product:{$row['id']}", 300, $body);
    header('Location: ' . PATH . "/{$row['id']}");
    header("ETag: \"{$row['version']}\"");
    answer(201, $body);
}

$path = strtok($_SERVER['REQUEST_URI'], '?');
$method = $_SERVER['REQUEST_METHOD'];
if ($method === 'GET' && str_starts_with($path, PATH . '/')) {
    get(substr($path, strlen(PATH) + 1));
} elseif ($method === 'GET' && $path === PATH) {
    list_products();
} elseif ($method === 'POST' && $path === PATH) {
    create();
} else {
    fail(404, 'There is nothing at this path.');
}
