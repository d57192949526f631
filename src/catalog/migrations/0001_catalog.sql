-- The catalog, first edition. STRICT tables throughout; money in minor units beside an ISO 4217 currency; time as
-- UTC text (2026-11-25T09:00:00Z); lists and objects as JSON text. `revision` is set by the statement that changes a
-- row (triggers would cost 1.9 times the import). Nobody asks "what changed since" yet, so no index answers it: one on
-- each table of millions was a tenth of an import.
--
-- Tables of which a shop has millions of rows are written with an eye on their cost: a CHECK spells its words out with
-- OR (SQLite makes a temporary table for each `IN` of three words or more, on every row, which was a quarter of an
-- import), and a unique key is an index with a name, so that a first load can put it off (first_load.rs).

-- Counters that outlive a run; `revision` counts transactions that changed something a channel can see, `changed_at`
-- is when the last of them happened, in seconds since 1970.
CREATE TABLE counter (
  name  TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (name, value) VALUES ('revision', 0), ('changed_at', 0);

-- One row for each purvey command that changed things; every cause points to the run that brought it.
CREATE TABLE run (
  id         INTEGER PRIMARY KEY,
  command    TEXT NOT NULL,
  started_at TEXT NOT NULL,
  ended_at   TEXT,
  exit_code  INTEGER,
  summary    TEXT CHECK (summary IS NULL OR json_valid(summary))
) STRICT;

---------------------------------------------------------------------------------------------------- products

CREATE TABLE category (
  id        INTEGER PRIMARY KEY,
  parent_id INTEGER REFERENCES category (id),
  name      TEXT NOT NULL,
  path      TEXT NOT NULL UNIQUE        -- 'Apparel > Clothing > Shirts'
) STRICT;

-- An item group: what its variants share.
CREATE TABLE product (
  id                      INTEGER PRIMARY KEY,
  item_group_id           TEXT NOT NULL,                    -- the merchant's own key: handle, parent SKU
  title                   TEXT NOT NULL,
  description             TEXT,                             -- as received, HTML allowed
  brand                   TEXT,
  product_type            TEXT,                             -- the merchant's own category path
  category_id             INTEGER REFERENCES category (id),
  google_product_category TEXT,
  condition               TEXT,
  age_group               TEXT,
  gender                  TEXT,
  path                    TEXT,                             -- '/products/mug', or a whole address
  images                  TEXT NOT NULL DEFAULT '[]',       -- JSON list of addresses, main image first
  tags                    TEXT NOT NULL DEFAULT '[]',       -- JSON list
  attributes              TEXT NOT NULL DEFAULT '{}',       -- JSON object of everything without a column of its own
  status                  TEXT NOT NULL DEFAULT 'active' CHECK (status = 'active' OR status = 'draft' OR status = 'archived'),
  source                  TEXT,                             -- the format the record came from
  revision                INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX product_item_group_id ON product (item_group_id);

-- One choice in an item group. The id is product_id * 65536 + n, which keeps the variants of a product together on
-- disk: reading a feed in id order touches each page once (scattered variants cost 51 % more, measured).
CREATE TABLE variant (
  id                INTEGER PRIMARY KEY,
  product_id        INTEGER NOT NULL REFERENCES product (id),
  sku               TEXT NOT NULL,
  sku_key           TEXT NOT NULL,                          -- folded SKU, to find near misses
  gtin              TEXT,
  mpn               TEXT,
  options           TEXT NOT NULL DEFAULT '{}',             -- JSON object, axis -> choice, in the merchant's order
  title             TEXT,                                   -- its choices as a reader sees them: 'Navy / M'
  color             TEXT,
  size              TEXT,
  material          TEXT,
  pattern           TEXT,
  image             TEXT,                                   -- its own main image, where it has one
  price_minor       INTEGER CHECK (price_minor >= 0),
  sale_price_minor  INTEGER CHECK (sale_price_minor >= 0),
  sale_from         TEXT,
  sale_to           TEXT,
  currency          TEXT,
  cost_minor        INTEGER,
  weight_g          INTEGER CHECK (weight_g >= 0),
  tracked           INTEGER NOT NULL DEFAULT 1 CHECK (tracked IN (0, 1)),     -- 0: never runs out
  sells_when_out    INTEGER NOT NULL DEFAULT 0 CHECK (sells_when_out IN (0, 1)),
  availability_date TEXT,                                   -- when a preorder or backorder can leave
  safety            INTEGER NOT NULL DEFAULT 0 CHECK (safety >= 0),           -- units never offered, at each location
  attributes        TEXT NOT NULL DEFAULT '{}',             -- JSON object
  status            TEXT NOT NULL DEFAULT 'active' CHECK (status = 'active' OR status = 'draft' OR status = 'archived'),
  available         INTEGER NOT NULL DEFAULT 0,             -- sum over the locations that fulfill online orders; kept by the writing statements
  revision          INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX variant_sku ON variant (sku);
CREATE INDEX variant_gtin ON variant (gtin) WHERE gtin IS NOT NULL;
-- What time alone changes.
CREATE INDEX variant_sale_from ON variant (sale_from) WHERE sale_from IS NOT NULL;
CREATE INDEX variant_sale_to ON variant (sale_to) WHERE sale_to IS NOT NULL;
CREATE INDEX variant_availability_date ON variant (availability_date) WHERE availability_date IS NOT NULL;
-- Variants that came from another product; all others are found by their ids.
CREATE INDEX variant_moved ON variant (product_id) WHERE product_id <> id / 65536;
CREATE INDEX variant_sku_key ON variant (sku_key);

-- Any attribute of one offer on one channel, in the channel's words: {"title": "…"}.
CREATE TABLE override (
  channel    TEXT NOT NULL,
  variant_id INTEGER NOT NULL REFERENCES variant (id),
  attributes TEXT NOT NULL CHECK (json_valid(attributes)),
  revision   INTEGER NOT NULL,
  PRIMARY KEY (channel, variant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX override_revision ON override (revision);

-- Files that were fetched and imported whole: which edition it was, by a hash of the address.
CREATE TABLE fetched (
  key           TEXT PRIMARY KEY,
  etag          TEXT,
  last_modified TEXT,
  at            TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE price_list (
  id       INTEGER PRIMARY KEY,
  code     TEXT NOT NULL UNIQUE,
  currency TEXT NOT NULL,
  country  TEXT
) STRICT;

-- Prices of one market or currency; the variant's own price is the base list.
CREATE TABLE price (
  price_list_id    INTEGER NOT NULL REFERENCES price_list (id),
  variant_id       INTEGER NOT NULL REFERENCES variant (id),
  price_minor      INTEGER NOT NULL CHECK (price_minor >= 0),
  sale_price_minor INTEGER CHECK (sale_price_minor >= 0),
  sale_from        TEXT,
  sale_to          TEXT,
  revision         INTEGER NOT NULL,
  PRIMARY KEY (price_list_id, variant_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX price_revision ON price (revision);
CREATE INDEX price_sale_from ON price (sale_from) WHERE sale_from IS NOT NULL;
CREATE INDEX price_sale_to ON price (sale_to) WHERE sale_to IS NOT NULL;

CREATE TABLE review (
  id          INTEGER PRIMARY KEY,
  external_id TEXT NOT NULL UNIQUE,
  variant_id  INTEGER NOT NULL REFERENCES variant (id),
  rating      INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
  title       TEXT,
  content     TEXT,
  reviewer    TEXT,
  url         TEXT,
  written_at  TEXT NOT NULL,
  revision    INTEGER NOT NULL
) STRICT;

---------------------------------------------------------------------------------------------------- stock

CREATE TABLE location (
  id              INTEGER PRIMARY KEY,
  code            TEXT NOT NULL UNIQUE,                     -- the store code, as channels name it
  name            TEXT NOT NULL,
  kind            TEXT NOT NULL DEFAULT 'store' CHECK (kind IN ('store', 'warehouse', 'pickup')),
  fulfills_online INTEGER NOT NULL DEFAULT 1 CHECK (fulfills_online IN (0, 1)),
  address         TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(address)),
  active          INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
  revision        INTEGER NOT NULL
) STRICT;

-- Why stock moved. The key makes every cause happen once: 'allocate market/order/line', 'import 12'.
CREATE TABLE cause (
  id     INTEGER PRIMARY KEY,
  key    TEXT NOT NULL UNIQUE,
  at     TEXT NOT NULL,
  run_id INTEGER REFERENCES run (id)
) STRICT;

-- The ledger. Levels in `stock` always equal its sums; `purvey doctor` proves it.
CREATE TABLE movement (
  variant_id  INTEGER NOT NULL REFERENCES variant (id),
  location_id INTEGER NOT NULL REFERENCES location (id),
  cause_id    INTEGER NOT NULL REFERENCES cause (id),
  kind        TEXT NOT NULL CHECK (kind = 'counted' OR kind = 'received' OR kind = 'reserved' OR kind = 'released' OR
                kind = 'allocated' OR kind = 'shipped' OR kind = 'returned' OR kind = 'adjusted'),
  on_hand     INTEGER NOT NULL DEFAULT 0,                   -- changes, not levels
  reserved    INTEGER NOT NULL DEFAULT 0,
  allocated   INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (variant_id, location_id, cause_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock (
  variant_id  INTEGER NOT NULL REFERENCES variant (id),
  location_id INTEGER NOT NULL REFERENCES location (id),
  on_hand     INTEGER NOT NULL DEFAULT 0,
  reserved    INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0),
  allocated   INTEGER NOT NULL DEFAULT 0 CHECK (allocated >= 0),
  available   INTEGER NOT NULL DEFAULT 0,                   -- max(0, on hand - reserved - allocated - safety)
  revision    INTEGER NOT NULL,
  PRIMARY KEY (variant_id, location_id)
) STRICT, WITHOUT ROWID;

---------------------------------------------------------------------------------------------------- orders

CREATE TABLE orders (
  id                 INTEGER PRIMARY KEY,
  channel            TEXT NOT NULL,
  channel_order_id   TEXT NOT NULL,
  state              TEXT NOT NULL,                         -- order::State
  heard_state        TEXT,                                  -- the last state the marketplace told; ours may be ahead of it
  channel_state      TEXT NOT NULL,                         -- the marketplace's own word, known or not
  fulfillment        TEXT NOT NULL DEFAULT 'parcel' CHECK (fulfillment IN ('parcel', 'pickup', 'curbside', 'ship_from_store', 'by_channel')),
  pickup_point       TEXT,                                  -- as the marketplace names it: a store code
  currency           TEXT NOT NULL,
  total_minor        INTEGER NOT NULL,
  shipping_minor     INTEGER NOT NULL DEFAULT 0,
  placed_at          TEXT NOT NULL,
  channel_updated_at TEXT NOT NULL,                         -- the marketplace's clock; an older snapshot never overwrites
  acknowledge_by     TEXT,
  reserved_until     TEXT NOT NULL,                         -- after that, nothing is held for it until it is paid
  first_seen_at      TEXT NOT NULL,
  last_seen_at       TEXT NOT NULL,                         -- when its marketplace last told of it, to the hour
  changes            INTEGER NOT NULL DEFAULT 0,            -- how often it changed here: makes every ledger cause unique
  revision           INTEGER NOT NULL,
  UNIQUE (channel, channel_order_id)
) STRICT;
CREATE INDEX orders_state ON orders (state);

CREATE TABLE line_item (
  id              INTEGER PRIMARY KEY,
  order_id        INTEGER NOT NULL REFERENCES orders (id),
  channel_line_id TEXT NOT NULL,
  channel_sku     TEXT,                                     -- what the marketplace calls it
  gtin            TEXT,
  listing_id      TEXT,
  title           TEXT NOT NULL DEFAULT '',
  variant_id      INTEGER REFERENCES variant (id),          -- NULL: waits for a person
  matched_by      TEXT CHECK (matched_by IN ('sku', 'listing', 'gtin', 'person')),
  quantity        INTEGER NOT NULL CHECK (quantity >= 0),
  canceled        INTEGER NOT NULL DEFAULT 0 CHECK (canceled >= 0),
  shipped         INTEGER NOT NULL DEFAULT 0 CHECK (shipped >= 0),
  canceled_late   INTEGER NOT NULL DEFAULT 0 CHECK (canceled_late >= 0), -- canceled after they had shipped
  returned        INTEGER NOT NULL DEFAULT 0 CHECK (returned >= 0),
  short           INTEGER NOT NULL DEFAULT 0 CHECK (short >= 0), -- units no location could cover: oversold, and said so
  price_minor     INTEGER NOT NULL,                         -- of one unit, in the order's currency
  tax_minor       INTEGER NOT NULL DEFAULT 0,
  CHECK (canceled + shipped <= quantity),
  UNIQUE (order_id, channel_line_id)
) STRICT;
CREATE INDEX line_item_variant ON line_item (variant_id);
CREATE INDEX line_item_waiting ON line_item (order_id) WHERE variant_id IS NULL OR short > 0;

-- Units of a line item held at a location: reserved until paid, then allocated. A row goes when nothing is held.
CREATE TABLE hold (
  line_item_id INTEGER NOT NULL REFERENCES line_item (id),
  location_id  INTEGER NOT NULL REFERENCES location (id),
  kind         TEXT NOT NULL CHECK (kind IN ('reservation', 'allocation')),
  quantity     INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (line_item_id, location_id)
) STRICT, WITHOUT ROWID;

-- The buyer's personal data, apart from everything else and erasable: nothing refers to it. The row stays, so that what
-- was erased is not pulled again.
CREATE TABLE customer (
  order_id    INTEGER PRIMARY KEY REFERENCES orders (id),
  data        TEXT CHECK (data IS NULL OR json_valid(data)), -- name, email, phone, addresses, note; NULL: erased
  erase_after TEXT NOT NULL,
  erased_at   TEXT,
  CHECK ((data IS NULL) = (erased_at IS NOT NULL))
) STRICT;

CREATE TABLE shipment (
  id              INTEGER PRIMARY KEY,
  order_id        INTEGER NOT NULL REFERENCES orders (id),
  package_number  INTEGER NOT NULL CHECK (package_number >= 1),   -- 1..n in its order
  carrier         TEXT NOT NULL,
  tracking_number TEXT,
  location_id     INTEGER REFERENCES location (id),
  shipped_at      TEXT NOT NULL,
  origin          TEXT NOT NULL DEFAULT 'purvey' CHECK (origin IN ('purvey', 'channel')),
  UNIQUE (order_id, package_number)
) STRICT;
CREATE UNIQUE INDEX shipment_tracking ON shipment (order_id, tracking_number) WHERE tracking_number IS NOT NULL;

CREATE TABLE shipment_line (
  shipment_id  INTEGER NOT NULL REFERENCES shipment (id),
  line_item_id INTEGER NOT NULL REFERENCES line_item (id),
  quantity     INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (shipment_id, line_item_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE return_line (
  id           INTEGER PRIMARY KEY,
  line_item_id INTEGER NOT NULL REFERENCES line_item (id),
  location_id  INTEGER NOT NULL REFERENCES location (id),
  quantity     INTEGER NOT NULL CHECK (quantity > 0),
  restocked    INTEGER NOT NULL DEFAULT 1 CHECK (restocked IN (0, 1)),
  reason       TEXT,
  key          TEXT NOT NULL UNIQUE,
  at           TEXT NOT NULL
) STRICT;

-- Money that went back, or is to go back, to the buyer: by us, or at the marketplace. It moves no stock.
CREATE TABLE refund (
  id                INTEGER PRIMARY KEY,
  order_id          INTEGER NOT NULL REFERENCES orders (id),
  number            TEXT,                                   -- ours; NULL for one made at the marketplace
  channel_refund_id TEXT,                                   -- NULL until the marketplace has told of it
  amount_minor      INTEGER NOT NULL CHECK (amount_minor > 0), -- in all, in the order's currency
  shipping_minor    INTEGER NOT NULL DEFAULT 0,
  reason            TEXT,
  at                TEXT NOT NULL,
  CHECK (number IS NOT NULL OR channel_refund_id IS NOT NULL),
  UNIQUE (order_id, number),
  UNIQUE (order_id, channel_refund_id)
) STRICT;

CREATE TABLE refund_line (
  refund_id    INTEGER NOT NULL REFERENCES refund (id),
  line_item_id INTEGER NOT NULL REFERENCES line_item (id),
  quantity     INTEGER NOT NULL CHECK (quantity >= 0),      -- 0: for no units in particular
  amount_minor INTEGER NOT NULL CHECK (amount_minor >= 0),
  PRIMARY KEY (refund_id, line_item_id)
) STRICT, WITHOUT ROWID;

---------------------------------------------------------------------------------------------------- channels

-- The marketplace's own record of an offer, by channel SKU, and what it was last told.
CREATE TABLE listing (
  channel      TEXT NOT NULL,
  channel_sku  TEXT NOT NULL,
  variant_id   INTEGER NOT NULL REFERENCES variant (id),
  listing_id   TEXT,
  quantity     INTEGER,                                     -- last accepted
  price_minor  INTEGER,                                     -- last accepted
  last_error   TEXT,
  refusals     INTEGER NOT NULL DEFAULT 0,
  content      BLOB,                                        -- hash of the whole offer last accepted; NULL: it has none
  refused      BLOB,                                        -- hash of the whole offer last refused
  told_at      TEXT,                                        -- when `content` was accepted
  in_stock     INTEGER CHECK (in_stock IN (0, 1)),          -- whether `content` could be bought
  issues       TEXT CHECK (json_valid(issues)),             -- what the channel found wrong after it had accepted it
  disapproved  INTEGER NOT NULL DEFAULT 0 CHECK (disapproved IN (0, 1)), -- so wrong that it is not shown
  updated_at   TEXT,
  PRIMARY KEY (channel, channel_sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX listing_variant ON listing (variant_id);
CREATE INDEX listing_told ON listing (channel, told_at) WHERE content IS NOT NULL;

-- Effects on the outside, waiting to be sent. The body is committed before the first byte leaves.
CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY,
  channel    TEXT NOT NULL,
  order_id   INTEGER REFERENCES orders (id),                -- effects on one order are sent in their order
  kind       TEXT NOT NULL CHECK (kind IN ('acknowledge', 'ship', 'cancel', 'ready_for_pickup', 'picked_up', 'refund', 'push', 'tell', 'signal')),
  key        TEXT NOT NULL,                                 -- natural idempotency key
  body       TEXT NOT NULL CHECK (json_valid(body)),
  body_hash  TEXT NOT NULL,
  state      TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sending', 'unknown', 'polling', 'done', 'dead')),
  attempts   INTEGER NOT NULL DEFAULT 0,
  next_at    TEXT NOT NULL,
  job        TEXT,                                          -- what to poll, for channels that answer later
  last_error TEXT,
  refusals   INTEGER NOT NULL DEFAULT 0,                    -- how often in a row it was refused with `last_error`
  created_at TEXT NOT NULL,
  ended_at   TEXT,
  UNIQUE (channel, key)
) STRICT;
CREATE INDEX outbox_due ON outbox (channel, next_at) WHERE state NOT IN ('done', 'dead');
CREATE INDEX outbox_order ON outbox (order_id) WHERE order_id IS NOT NULL;

CREATE TABLE cursor (
  channel TEXT NOT NULL,
  stream  TEXT NOT NULL,                                    -- 'orders', …
  value   TEXT NOT NULL,
  at      TEXT NOT NULL,
  PRIMARY KEY (channel, stream)
) STRICT, WITHOUT ROWID;

-- Orders a marketplace named but nobody could read: asked for again at every pull until they can be.
CREATE TABLE unreadable (
  channel          TEXT NOT NULL,
  channel_order_id TEXT NOT NULL,
  why              TEXT NOT NULL,
  since            TEXT NOT NULL,
  PRIMARY KEY (channel, channel_order_id)
) STRICT, WITHOUT ROWID;

-- Token buckets, kept between runs: cron starts a new process each time and must not start with a full one. A bucket
-- that is full again at `full_at` is as empty as that moment is far away.
CREATE TABLE bucket (
  account   TEXT NOT NULL,
  operation TEXT NOT NULL,
  full_at   TEXT NOT NULL,
  PRIMARY KEY (account, operation)
) STRICT, WITHOUT ROWID;

-- The last feed put in place for a channel, against which the next one is guarded.
CREATE TABLE feed (
  channel  TEXT NOT NULL,
  target   TEXT NOT NULL,
  offers   INTEGER NOT NULL,
  in_stock INTEGER NOT NULL,
  left_out INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  hash     TEXT NOT NULL,
  sent     TEXT NOT NULL DEFAULT '[]',                      -- JSON list of the attributes that some offer had
  built_at TEXT NOT NULL,
  PRIMARY KEY (channel, target)
) STRICT, WITHOUT ROWID;

-- What its offers cost, packed by the room that builds feeds: against which the next one's prices are guarded.
CREATE TABLE feed_price (
  channel TEXT NOT NULL,
  target  TEXT NOT NULL,
  prices  BLOB NOT NULL,
  PRIMARY KEY (channel, target)
) STRICT;

-- What was last put at each target of `purvey.toml`, and what went wrong since.
CREATE TABLE delivery (
  channel      TEXT NOT NULL,
  target       TEXT NOT NULL,                               -- its name in purvey.toml
  place        TEXT NOT NULL,                               -- the feed's address there, without secrets
  offers       INTEGER,
  in_stock     INTEGER,
  bytes        INTEGER,                                     -- as sent
  hash         TEXT,                                        -- of the feed as built
  proof        TEXT,                                        -- how it is known to have arrived
  files        INTEGER,                                     -- of a feed that is split
  delivered_at TEXT,                                        -- NULL, like the six before: never
  failed_at    TEXT,
  error        TEXT,
  PRIMARY KEY (channel, target),
  CHECK ((delivered_at IS NULL) = (hash IS NULL)),
  CHECK ((failed_at IS NULL) = (error IS NULL))
) STRICT, WITHOUT ROWID;

---------------------------------------------------------------------------------------------------- what templates read

-- One row per SKU with all a template may read (`purvey catalog columns` prints this list). Drafts and archived
-- products are not items. No column is computed from another table, so reading it is one pass over two clustered tables.
CREATE VIEW item AS
SELECT
  v.sku, p.item_group_id, p.title, p.description, p.brand, p.product_type, c.path AS category, c.id AS category_id,
  p.google_product_category, p.condition, p.age_group, p.gender, p.path, coalesce(v.image, p.images ->> '$[0]') AS image,
  p.images, p.tags, p.attributes AS product_attributes,
  v.gtin, v.mpn, v.title AS variant_title, v.options, v.color, v.size, v.material, v.pattern,
  v.price_minor, v.sale_price_minor, v.sale_from, v.sale_to, v.currency, v.cost_minor, v.weight_g,
  v.available, v.tracked, v.sells_when_out, v.availability_date, v.attributes,
  CASE WHEN v.tracked = 0 OR v.available > 0 THEN 'in_stock'
       WHEN v.availability_date IS NOT NULL THEN CASE WHEN v.sells_when_out = 1 THEN 'backorder' ELSE 'preorder' END
       WHEN v.sells_when_out = 1 THEN 'in_stock'
       ELSE 'out_of_stock' END AS availability
FROM variant v JOIN product p ON p.id = v.product_id LEFT JOIN category c ON c.id = p.category_id
WHERE v.status = 'active' AND p.status = 'active';

-- Stock of one SKU at one location, for feeds of that grain.
CREATE VIEW item_stock AS
SELECT v.sku, l.code AS store_code, l.name AS location, l.kind AS location_kind, l.address,
       s.on_hand, s.reserved, s.allocated, s.available,
       v.price_minor, v.sale_price_minor, v.sale_from, v.sale_to, v.currency, p.item_group_id, p.product_type, c.path AS category
FROM stock s
JOIN variant v ON v.id = s.variant_id JOIN product p ON p.id = v.product_id JOIN location l ON l.id = s.location_id
LEFT JOIN category c ON c.id = p.category_id
WHERE v.status = 'active' AND p.status = 'active' AND l.active = 1;

CREATE VIEW item_override AS
SELECT o.channel, v.sku, o.attributes FROM override o JOIN variant v ON v.id = o.variant_id;

CREATE VIEW item_price AS
SELECT v.sku, pl.code AS price_list, pl.country, pl.currency, pr.price_minor, pr.sale_price_minor, pr.sale_from, pr.sale_to
FROM price pr JOIN price_list pl ON pl.id = pr.price_list_id JOIN variant v ON v.id = pr.variant_id;

-- What buyers wrote, each review with the item it is about.
CREATE VIEW item_review AS
SELECT r.external_id AS review_id, v.sku, r.rating, r.title, r.content, r.reviewer, r.url, r.written_at,
       p.item_group_id, p.title AS product_title, p.brand, p.path, v.gtin, v.mpn
FROM review r JOIN variant v ON v.id = r.variant_id JOIN product p ON p.id = v.product_id
WHERE v.status = 'active' AND p.status = 'active';
