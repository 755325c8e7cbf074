// The service's four hottest routes in Go, as its users would write them: net/http, pgx's pool and redigo's pool.
// DATABASE_URL and REDIS_SOCKET name the servers, LISTEN the unix socket.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

type product struct {
	ID          string          `json:"id"`
	SKU         *string         `json:"sku"`
	Name        string          `json:"name"`
	Description *string         `json:"description"`
	Price       string          `json:"price"`
	Currency    string          `json:"currency"`
	CategoryID  string          `json:"category_id"`
	Status      string          `json:"status"`
	Attributes  json.RawMessage `json:"attributes"`
	Images      json.RawMessage `json:"images"`
	GroupKey    *string         `json:"group_key"`
	Version     int64           `json:"version"`
	CreatedAt   time.Time       `json:"created_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

const columns = `id::text, sku, name, description, price::text, currency, category_id::text, status, attributes::text,
	images::text, group_key, version, created_at, updated_at`

const path = "/api/v1/products"

var priceForm = regexp.MustCompile(`^[0-9]{1,14}(\.[0-9]{1,4})?$`)

type server struct {
	db    *pgxpool.Pool
	cache *redis.Pool
}

func scan(row pgx.Row) (*product, error) {
	var p product
	var attributes, images string
	err := row.Scan(&p.ID, &p.SKU, &p.Name, &p.Description, &p.Price, &p.Currency, &p.CategoryID, &p.Status,
		&attributes, &images, &p.GroupKey, &p.Version, &p.CreatedAt, &p.UpdatedAt)
	p.Attributes, p.Images = json.RawMessage(attributes), json.RawMessage(images)
	p.CreatedAt, p.UpdatedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC()
	return &p, err
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

func fail(w http.ResponseWriter, status int, detail string) {
	body, _ := json.Marshal(map[string]interface{}{"title": http.StatusText(status), "status": status, "detail": detail})
	answer(w, status, body)
}

func tag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

func (s *server) get(w http.ResponseWriter, r *http.Request, id string) {
	fresh := strings.Contains(r.Header.Get("Cache-Control"), "no-cache")
	if !fresh {
		connection := s.cache.Get()
		body, err := redis.Bytes(connection.Do("GET", "go:product:"+id))
		connection.Close()
		if err == nil {
			answer(w, http.StatusOK, body)
			return
		}
	}
	p, err := scan(s.db.QueryRow(r.Context(), "SELECT "+columns+" FROM product WHERE id = $1 AND deleted_at IS NULL", id))
	if errors.Is(err, pgx.ErrNoRows) {
		fail(w, http.StatusNotFound, "There is no such product.")
		return
	}
	if err != nil {
		fail(w, http.StatusInternalServerError, "The database failed.")
		return
	}
	body, _ := json.Marshal(p)
	if !fresh {
		connection := s.cache.Get()
		connection.Do("SET", "go:product:"+id, body, "EX", 300)
		connection.Close()
	}
	w.Header().Set("ETag", tag(p.Version))
	answer(w, http.StatusOK, body)
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > 500 {
		limit = 50
	}
	rows, err := s.db.Query(r.Context(), "SELECT "+columns+` FROM product
		WHERE category_id = $1 AND status = 'active' AND deleted_at IS NULL
		ORDER BY created_at DESC, id DESC LIMIT $2`, query.Get("category_id"), limit)
	if err != nil {
		fail(w, http.StatusInternalServerError, "The database failed.")
		return
	}
	defer rows.Close()
	products := make([]*product, 0, limit)
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			fail(w, http.StatusInternalServerError, "The database failed.")
			return
		}
		products = append(products, p)
	}
	if rows.Err() != nil {
		fail(w, http.StatusInternalServerError, "The database failed.")
		return
	}
	body, _ := json.Marshal(products)
	answer(w, http.StatusOK, body)
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	ms := time.Now().UnixMilli()
	for i := 0; i < 6; i++ {
		b[i] = byte(ms >> (40 - 8*i))
	}
	b[6], b[8] = b[6]&0x0f|0x70, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (s *server) create(w http.ResponseWriter, r *http.Request) {
	in := product{Currency: "USD", Status: "active", Attributes: json.RawMessage("{}"), Images: json.RawMessage("[]")}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if name := strings.TrimSpace(in.Name); name == "" || len(name) > 200 || !priceForm.MatchString(in.Price) {
		fail(w, http.StatusBadRequest, "A name and a price are needed.")
		return
	}
	p, err := scan(s.db.QueryRow(r.Context(), `INSERT INTO product (id, sku, name, description, price, currency,
		category_id, status, attributes, images, group_key) VALUES ($1, $2, $3, $4, $5::text::numeric, $6, $7, $8,
		$9::text::json, $10::text::json, $11) RETURNING `+columns,
		newID(), in.SKU, in.Name, in.Description, in.Price, in.Currency, in.CategoryID, in.Status,
		string(in.Attributes), string(in.Images), in.GroupKey))
	if err != nil {
		fail(w, http.StatusConflict, "The product was refused.")
		return
	}
	body, _ := json.Marshal(p)
	connection := s.cache.Get()
	connection.Do("SET", "go:product:"+p.ID, body, "EX", 300)
	connection.Close()
	w.Header().Set("Location", path+"/"+p.ID)
	w.Header().Set("ETag", tag(p.Version))
	answer(w, http.StatusCreated, body)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, path+"/"):
		s.get(w, r, r.URL.Path[len(path)+1:])
	case r.Method == http.MethodGet && r.URL.Path == path:
		s.list(w, r)
	case r.Method == http.MethodPost && r.URL.Path == path:
		s.create(w, r)
	default:
		fail(w, http.StatusNotFound, "There is nothing at this path.")
	}
}

func main() {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = 16
	db, err := pgxpool.ConnectConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	cache := &redis.Pool{MaxIdle: 32, Dial: func() (redis.Conn, error) { return redis.Dial("unix", os.Getenv("REDIS_SOCKET")) }}
	listener, err := net.Listen("unix", os.Getenv("LISTEN"))
	if err != nil {
		log.Fatal(err)
	}
	os.Chmod(os.Getenv("LISTEN"), 0o666)
	log.Fatal(http.Serve(listener, &server{db, cache}))
}
