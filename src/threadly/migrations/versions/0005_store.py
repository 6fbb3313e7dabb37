"""store

Products and their variants, stock and reservations, carts, coupons, gift cards, orders, imports.
"""

from alembic import op

from threadly.migrations.tenancy import module_schema, tenant_table

revision = "0005"
down_revision = "0004"

UP = f"""
ALTER TABLE identity.role_grants DROP CONSTRAINT role_grants_role_check,
    ADD CONSTRAINT role_grants_role_check CHECK (role IN ('moderator', 'seller', 'admin'));

{module_schema("store")}

-- How this community sells; a tenant without a row has the defaults of rules.py.
CREATE TABLE store.shops (
    tenant_id int PRIMARY KEY DEFAULT platform.tenant_id(),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
    taxes jsonb NOT NULL,
    shipping jsonb NOT NULL,
    updated_at timestamptz NOT NULL
);
{tenant_table("store.shops")}

-- `attributes` says which attributes the products of a category have, and of what type.
CREATE TABLE store.categories (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    slug text NOT NULL,
    name text NOT NULL,
    position int NOT NULL DEFAULT 0,
    attributes jsonb NOT NULL DEFAULT '{{}}',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, slug)
);
{tenant_table("store.categories")}

-- `options` names what the variants differ in (size, colour). The price range and `available` are kept by a
-- trigger of the variants, so that a list needs no second table.
CREATE TABLE store.products (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    handle text NOT NULL,
    title text NOT NULL,
    description text NOT NULL DEFAULT '',
    vendor text NOT NULL DEFAULT '',
    category_id uuid REFERENCES store.categories ON DELETE SET NULL,
    tags text[] NOT NULL DEFAULT '{{}}',
    attributes jsonb NOT NULL DEFAULT '{{}}',
    options text[] NOT NULL DEFAULT '{{}}',
    status text NOT NULL CHECK (status IN ('draft', 'active', 'archived')),
    image_url text,
    image_alt text NOT NULL DEFAULT '',
    seller_id uuid,
    currency text NOT NULL DEFAULT 'USD',
    price_minor bigint NOT NULL DEFAULT 0,
    highest_price_minor bigint NOT NULL DEFAULT 0,
    available boolean NOT NULL DEFAULT false,
    words tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', vendor), 'B')
        || setweight(to_tsvector('english', description), 'C')
    ) STORED,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, handle)
) WITH (fillfactor = 85);
CREATE INDEX products_newest ON store.products (tenant_id, status, id);
CREATE INDEX products_by_price ON store.products (tenant_id, status, price_minor, id);
CREATE INDEX products_by_title ON store.products (tenant_id, status, title, id);
CREATE INDEX products_of_category ON store.products (category_id, id);
CREATE INDEX products_words ON store.products USING gin (words);
{tenant_table("store.products")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF title, status, description ON store.products
    FOR EACH ROW EXECUTE FUNCTION platform.audit('id', 'words', 'description');

-- Row level security would keep a text search from its index (its operator is not leakproof), so the search is
-- a function of the owner's, which names the tenant itself. `most` best matches.
CREATE FUNCTION store.find_products(query text, most int) RETURNS TABLE (product_id uuid, rank real)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT p.id, ts_rank(p.words, websearch_to_tsquery('english', query)) AS rank
    FROM store.products p
    WHERE p.tenant_id = platform.tenant_id() AND p.words @@ websearch_to_tsquery('english', query)
    ORDER BY rank DESC, p.id DESC LIMIT most
$$;
REVOKE ALL ON FUNCTION store.find_products(text, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION store.find_products(text, int) TO threadly_app;

-- `tracked`: the stock is counted. `reserved` of `on_hand` belong to checkouts under way.
CREATE TABLE store.variants (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    product_id uuid NOT NULL REFERENCES store.products ON DELETE CASCADE,
    sku text CHECK (sku <> ''),
    option_values text[] NOT NULL DEFAULT '{{}}',
    position int NOT NULL,
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    compare_at_minor bigint CHECK (compare_at_minor >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
    tracked boolean NOT NULL,
    on_hand int NOT NULL DEFAULT 0 CHECK (on_hand >= 0),
    reserved int NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    ships boolean NOT NULL DEFAULT true,
    taxable boolean NOT NULL DEFAULT true,
    grams int NOT NULL DEFAULT 0 CHECK (grams >= 0),
    barcode text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, sku),
    UNIQUE (product_id, option_values),
    CONSTRAINT variants_not_oversold CHECK (NOT tracked OR reserved <= on_hand)
) WITH (fillfactor = 70);
CREATE INDEX variants_of_product ON store.variants (product_id, position);
{tenant_table("store.variants")}
CREATE TRIGGER audit AFTER UPDATE OF price_minor, sku, tracked ON store.variants FOR EACH ROW
    WHEN (OLD.price_minor <> NEW.price_minor OR OLD.sku IS DISTINCT FROM NEW.sku OR OLD.tracked <> NEW.tracked)
    EXECUTE FUNCTION platform.audit('product_id');

-- Keeps what products tell of their variants. The product is locked first: of two who sell the last of two
-- variants at the same moment, the second sees what the first did. Only a change that shows runs the update.
-- One by one, in the order of their ids, as the owner, whom row level security does not hold, and by index: a
-- connection keeps the plan, which may be from a time when the table was nearly empty.
CREATE FUNCTION store.summarize_products(changed uuid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    product uuid;
BEGIN
    FOR product IN SELECT DISTINCT unnest(changed) ORDER BY 1 LOOP
        PERFORM FROM store.products WHERE id = product FOR NO KEY UPDATE;
        UPDATE store.products p SET price_minor = v.lowest, highest_price_minor = v.highest,
            available = v.available, currency = coalesce(v.currency, p.currency)
        FROM (SELECT coalesce(min(price_minor), 0) AS lowest, coalesce(max(price_minor), 0) AS highest,
                     coalesce(bool_or(NOT tracked OR on_hand > reserved), false) AS available,
                     min(currency) AS currency
              FROM store.variants WHERE product_id = product) v
        WHERE p.id = product AND (p.price_minor, p.highest_price_minor, p.available, p.currency)
            IS DISTINCT FROM (v.lowest, v.highest, v.available, coalesce(v.currency, p.currency));
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION store.summarize_products(uuid[]) FROM PUBLIC;
CREATE FUNCTION store.summarize_all() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM store.summarize_products(ARRAY(SELECT DISTINCT product_id FROM changed));
    RETURN NULL;
END $$;
CREATE FUNCTION store.summarize_one() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM store.summarize_products(ARRAY[NEW.product_id]);
    RETURN NULL;
END $$;
CREATE TRIGGER summarize_added AFTER INSERT ON store.variants REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION store.summarize_all();
CREATE TRIGGER summarize_removed AFTER DELETE ON store.variants REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION store.summarize_all();
CREATE TRIGGER summarize_change AFTER UPDATE ON store.variants FOR EACH ROW
    WHEN (OLD.price_minor <> NEW.price_minor OR OLD.currency <> NEW.currency
          OR (NOT OLD.tracked OR OLD.on_hand > OLD.reserved) <> (NOT NEW.tracked OR NEW.on_hand > NEW.reserved))
    EXECUTE FUNCTION store.summarize_one();

-- A UUIDv7 of that instant, for rows that a statement makes in a number of its own.
CREATE FUNCTION store.new_id(instant timestamptz) RETURNS uuid LANGUAGE sql VOLATILE
AS $$
    SELECT (lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0') || '7'
        || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid
$$;

-- Why the stock is what it is. Append-only; the sum of a variant's movements is its `on_hand`.
CREATE TABLE store.stock_movements (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    variant_id uuid NOT NULL,
    quantity int NOT NULL CHECK (quantity <> 0),
    reason text NOT NULL CHECK (reason IN ('count', 'import', 'sale', 'restock')),
    order_id uuid,
    actor_id uuid,
    at timestamptz NOT NULL
);
CREATE INDEX stock_movements_of_variant ON store.stock_movements (variant_id, id);
CREATE INDEX stock_movements_of_order ON store.stock_movements (order_id) WHERE order_id IS NOT NULL;
{tenant_table("store.stock_movements")}
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON store.stock_movements
    FOR EACH ROW EXECUTE FUNCTION platform.refuse_change();

-- A visitor's cart has a secret of the browser's (only its hash is here), a member's cart the member.
-- `order_id`: the checkout that is under way with it.
CREATE TABLE store.carts (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    user_id uuid,
    token_hash bytea,
    coupons text[] NOT NULL DEFAULT '{{}}',
    order_id uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, user_id),
    UNIQUE (tenant_id, token_hash),
    CHECK (num_nonnulls(user_id, token_hash) = 1)
);
CREATE INDEX carts_forgotten ON store.carts (tenant_id, updated_at) WHERE user_id IS NULL;
{tenant_table("store.carts")}

-- `price_minor`: what the buyer last saw. A line outlives its variant, so that the buyer is told: hence `title`,
-- and no reference.
CREATE TABLE store.cart_lines (
    cart_id uuid NOT NULL REFERENCES store.carts ON DELETE CASCADE,
    variant_id uuid NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    title text NOT NULL DEFAULT '',
    quantity int NOT NULL CHECK (quantity BETWEEN 1 AND 999),
    price_minor bigint NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (cart_id, variant_id)
);
CREATE INDEX cart_lines_of_variant ON store.cart_lines (variant_id);
{tenant_table("store.cart_lines")}

CREATE TABLE store.coupons (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    code text NOT NULL CHECK (code = upper(code) AND code <> ''),
    kind text NOT NULL CHECK (kind IN ('percent', 'fixed')),
    basis_points int CHECK (basis_points BETWEEN 1 AND 10000),
    amount_minor bigint CHECK (amount_minor > 0),
    minimum_minor bigint NOT NULL DEFAULT 0 CHECK (minimum_minor >= 0),
    once_per_buyer boolean NOT NULL DEFAULT false,
    most_uses int CHECK (most_uses > 0),
    uses int NOT NULL DEFAULT 0 CHECK (uses >= 0),
    starts_at timestamptz,
    expires_at timestamptz,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, code),
    CHECK ((kind = 'percent') = (basis_points IS NOT NULL) AND (kind = 'fixed') = (amount_minor IS NOT NULL)),
    CHECK (most_uses IS NULL OR uses <= most_uses)
);
{tenant_table("store.coupons")}
CREATE TRIGGER audit AFTER INSERT OR UPDATE OF basis_points, amount_minor, active, expires_at, most_uses ON store.coupons
    FOR EACH ROW EXECUTE FUNCTION platform.audit('id');
-- `only_buyer_id` is set for a coupon that each buyer has once.
CREATE TABLE store.coupon_uses (
    order_id uuid NOT NULL,
    coupon_id uuid NOT NULL REFERENCES store.coupons ON DELETE CASCADE,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    only_buyer_id uuid,
    PRIMARY KEY (order_id, coupon_id),
    UNIQUE (coupon_id, only_buyer_id)
);
{tenant_table("store.coupon_uses")}

CREATE TABLE store.gift_cards (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    code_hash bytea NOT NULL,
    last_four text NOT NULL,
    initial_minor bigint NOT NULL CHECK (initial_minor > 0),
    balance_minor bigint NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
    note text NOT NULL DEFAULT '',
    issued_by uuid,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    UNIQUE (tenant_id, code_hash),
    CHECK (balance_minor BETWEEN 0 AND initial_minor)
);
{tenant_table("store.gift_cards")}
CREATE TABLE store.gift_card_uses (
    order_id uuid NOT NULL,
    gift_card_id uuid NOT NULL REFERENCES store.gift_cards,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    returned_minor bigint NOT NULL DEFAULT 0 CHECK (returned_minor BETWEEN 0 AND amount_minor),
    PRIMARY KEY (order_id, gift_card_id)
);
{tenant_table("store.gift_card_uses")}

-- Orders are written before their payment is asked for: money never moves without one. `placed_at` is set once
-- the buyer was told that the order is received; before that nobody sees it in a list. Partitioned by month:
-- the first 48 bits of an id are the time it was made, so the id alone finds the partition.
CREATE SEQUENCE store.order_numbers START 1001;
GRANT USAGE ON SEQUENCE store.order_numbers TO threadly_app;
CREATE TABLE store.orders (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    number bigint NOT NULL DEFAULT nextval('store.order_numbers'),
    buyer_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN
        ('pending', 'payment_pending', 'paid', 'fulfilled', 'cancelled', 'refunded', 'partially_refunded')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{{3}}$'),
    subtotal_minor bigint NOT NULL CHECK (subtotal_minor >= 0),
    discount_minor bigint NOT NULL CHECK (discount_minor BETWEEN 0 AND subtotal_minor),
    shipping_minor bigint NOT NULL CHECK (shipping_minor >= 0),
    tax_minor bigint NOT NULL CHECK (tax_minor >= 0),
    total_minor bigint NOT NULL,
    gift_card_minor bigint NOT NULL CHECK (gift_card_minor >= 0),
    due_minor bigint NOT NULL CHECK (due_minor >= 0),
    refunded_minor bigint NOT NULL DEFAULT 0,
    quote jsonb NOT NULL,
    address jsonb NOT NULL,
    email text NOT NULL,
    phone text NOT NULL DEFAULT '',
    paid_with text NOT NULL DEFAULT '',
    reason text,
    placed_at timestamptz,
    paid_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (total_minor = subtotal_minor - discount_minor + shipping_minor + tax_minor),
    CHECK (total_minor = gift_card_minor + due_minor),
    CHECK (refunded_minor BETWEEN 0 AND total_minor)
) PARTITION BY RANGE (id);
CREATE INDEX orders_of_buyer ON store.orders (buyer_id, id) WHERE placed_at IS NOT NULL;
CREATE INDEX orders_newest ON store.orders (tenant_id, id) WHERE placed_at IS NOT NULL;
CREATE INDEX orders_by_number ON store.orders (tenant_id, number);
-- What the shop has to send.
CREATE INDEX orders_to_send ON store.orders (tenant_id, id) WHERE state IN ('paid', 'partially_refunded');
{tenant_table("store.orders")}
CREATE TRIGGER touch BEFORE UPDATE ON store.orders FOR EACH ROW EXECUTE FUNCTION platform.touch_updated_at();

CREATE FUNCTION store.first_id_at(instant timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT rpad(lpad(to_hex((extract(epoch FROM instant) * 1000)::bigint), 12, '0'), 32, '0')::uuid $$;
-- Makes the partitions of this month and the `ahead` next; what is in none of them goes to the default one.
-- The application owns nothing, so it asks the owner's function. Returns how many are new.
CREATE FUNCTION store.add_order_partitions(ahead int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    month timestamptz := date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    name text;
    added int := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('store.add_order_partitions', 0));
    FOR n IN 0 .. least(greatest(ahead, 0), 24) LOOP
        name := 'orders_' || to_char(month AT TIME ZONE 'UTC', 'YYYY_MM');
        IF to_regclass('store.' || name) IS NULL THEN
            EXECUTE format('CREATE TABLE store.%I PARTITION OF store.orders FOR VALUES FROM (%L) TO (%L)',
                name, store.first_id_at(month), store.first_id_at(month + interval '1 month'));
            EXECUTE format('ALTER TABLE store.%I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('CREATE POLICY tenant ON store.%I USING (tenant_id = platform.tenant_id())', name);
            EXECUTE format('REVOKE ALL ON store.%I FROM threadly_app', name);
            added := added + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN added;
END $$;
REVOKE ALL ON FUNCTION store.add_order_partitions(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION store.add_order_partitions(int) TO threadly_app;
CREATE TABLE store.orders_other PARTITION OF store.orders DEFAULT;
{tenant_table("store.orders_other")}
REVOKE ALL ON store.orders_other FROM threadly_app;
SELECT store.add_order_partitions(3);

CREATE TABLE store.order_lines (
    order_id uuid NOT NULL REFERENCES store.orders ON DELETE CASCADE,
    line smallint NOT NULL,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    product_id uuid NOT NULL,
    variant_id uuid NOT NULL,
    handle text NOT NULL,
    title text NOT NULL,
    options text NOT NULL,
    sku text NOT NULL,
    image_url text,
    quantity int NOT NULL CHECK (quantity > 0),
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    discount_minor bigint NOT NULL CHECK (discount_minor >= 0),
    tax_minor bigint NOT NULL CHECK (tax_minor >= 0),
    total_minor bigint NOT NULL CHECK (total_minor >= 0),
    tracked boolean NOT NULL,
    restocked int NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, line),
    CHECK (restocked BETWEEN 0 AND quantity)
);
{tenant_table("store.order_lines")}

-- Who changed an order's state, and why; the actor is null where the system did.
CREATE TABLE store.order_history (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    order_id uuid NOT NULL REFERENCES store.orders ON DELETE CASCADE,
    was text,
    state text NOT NULL,
    actor_id uuid,
    why text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX order_history_of_order ON store.order_history (order_id, id);
{tenant_table("store.order_history")}

-- Units that belong to an order whose payment is under way.
CREATE TABLE store.reservations (
    order_id uuid NOT NULL REFERENCES store.orders ON DELETE CASCADE,
    variant_id uuid NOT NULL REFERENCES store.variants,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    quantity int NOT NULL CHECK (quantity > 0),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, variant_id)
);
CREATE INDEX reservations_expiring ON store.reservations (expires_at);
CREATE INDEX reservations_of_variant ON store.reservations (variant_id);
{tenant_table("store.reservations")}

-- Which order a request made: the second click and the client's retry find it here.
CREATE TABLE store.checkouts (
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    buyer_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    order_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, buyer_id, key)
);
CREATE INDEX checkouts_created ON store.checkouts (tenant_id, created_at);
{tenant_table("store.checkouts")}

CREATE TABLE store.refunds (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    order_id uuid NOT NULL REFERENCES store.orders ON DELETE CASCADE,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    gift_card_minor bigint NOT NULL CHECK (gift_card_minor >= 0),
    payment_refund_id uuid,
    reason text NOT NULL,
    restock jsonb NOT NULL DEFAULT '[]',
    state text NOT NULL CHECK (state IN ('requested', 'succeeded', 'failed')),
    requested_by uuid,
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX refunds_of_order ON store.refunds (order_id, id);
CREATE UNIQUE INDEX refunds_of_payment_refund ON store.refunds (payment_refund_id);
{tenant_table("store.refunds")}

-- An upload of products. `content` is emptied when it is done.
CREATE TABLE store.imports (
    id uuid PRIMARY KEY,
    tenant_id int NOT NULL DEFAULT platform.tenant_id(),
    uploaded_by uuid NOT NULL,
    filename text NOT NULL,
    dry_run boolean NOT NULL,
    content bytea,
    state text NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    row_count int NOT NULL DEFAULT 0,
    products_created int NOT NULL DEFAULT 0,
    products_updated int NOT NULL DEFAULT 0,
    products_unchanged int NOT NULL DEFAULT 0,
    variants_created int NOT NULL DEFAULT 0,
    variants_updated int NOT NULL DEFAULT 0,
    variants_unchanged int NOT NULL DEFAULT 0,
    problem_count int NOT NULL DEFAULT 0,
    problems jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
-- Uncompressed, so that a job reads it slice by slice.
ALTER TABLE store.imports ALTER content SET STORAGE EXTERNAL;
CREATE INDEX imports_newest ON store.imports (tenant_id, id);
{tenant_table("store.imports")}

-- Orders whose reservation has expired, of all tenants: a worker asks before it knows whose turn it is.
CREATE FUNCTION store.list_expired(most int) RETURNS TABLE (tenant_id int, order_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT DISTINCT r.tenant_id, r.order_id FROM store.reservations r
    WHERE r.expires_at <= clock_timestamp() LIMIT most
$$;
REVOKE ALL ON FUNCTION store.list_expired(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION store.list_expired(int) TO threadly_app;
"""  # only the SQL of tenancy.py is put in

DOWN = """
DROP SCHEMA store CASCADE;
DELETE FROM identity.role_grants WHERE role = 'seller';
ALTER TABLE identity.role_grants DROP CONSTRAINT role_grants_role_check,
    ADD CONSTRAINT role_grants_role_check CHECK (role IN ('moderator', 'admin'));
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
