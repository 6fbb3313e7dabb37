-- One order that was bought and paid, and everything that belongs to it: all books agree.
SET app.tenant = 1;
INSERT INTO store.products (id, handle, title, status, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-00000000000a', 'mug', 'Mug', 'active', now(), now());
INSERT INTO store.variants (id, product_id, position, price_minor, currency, tracked, on_hand, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-00000000000b', '00000000-0000-7000-8000-00000000000a', 1, 1000, 'USD', true, 7, now(), now());
INSERT INTO store.orders (id, number, buyer_id, state, currency, subtotal_minor, discount_minor, shipping_minor, tax_minor,
    total_minor, gift_card_minor, due_minor, quote, address, email, placed_at, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000001', 1001, '00000000-0000-7000-8000-0000000000ee', 'paid', 'USD', 3300, 300, 0, 0,
    3000, 0, 3000, '{}', '{}', 'kareem@example.com', now(), now(), now());
INSERT INTO store.order_lines (order_id, line, product_id, variant_id, handle, title, options, sku, quantity, price_minor,
    discount_minor, tax_minor, total_minor, tracked)
VALUES ('00000000-0000-7000-8000-000000000001', 1, '00000000-0000-7000-8000-00000000000a',
    '00000000-0000-7000-8000-00000000000b', 'mug', 'Mug', '', '', 3, 1100, 300, 0, 3000, true);
INSERT INTO store.order_history (id, order_id, was, state, why, at)
VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'pending', 'paid', 'Paid.', now());
INSERT INTO store.stock_movements (id, variant_id, quantity, reason, order_id, at) VALUES
    ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-00000000000b', 10, 'count', NULL, now()),
    ('00000000-0000-7000-8000-000000000004', '00000000-0000-7000-8000-00000000000b', -3, 'sale',
     '00000000-0000-7000-8000-000000000001', now());
INSERT INTO store.checkouts (buyer_id, key, request_hash, order_id, created_at)
VALUES ('00000000-0000-7000-8000-0000000000ee', encode(sha256('key-1'), 'hex'), '',
    '00000000-0000-7000-8000-000000000001', now());
INSERT INTO store.coupons (id, code, kind, amount_minor, uses, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-00000000000c', 'THREE', 'fixed', 300, 1, now(), now());
INSERT INTO store.coupon_uses (order_id, coupon_id)
VALUES ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-00000000000c');
INSERT INTO store.gift_cards (id, code_hash, last_four, initial_minor, balance_minor, currency, created_at)
VALUES ('00000000-0000-7000-8000-00000000000d', '\x01', 'ABCD', 500, 500, 'USD', now());
INSERT INTO payments.payments (id, reference, payer_id, amount_minor, currency, methods, split, description, state,
    provider, expires_at, traceparent, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000005', '00000000-0000-7000-8000-000000000001',
    '00000000-0000-7000-8000-0000000000ee', 3000, 'USD', '[]', '{"sales": 3000}', 'Order', 'succeeded', 'sandbox', now(),
    '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', now(), now());
INSERT INTO payments.attempts (id, payment_id, method, provider, state, provider_ref, fee_minor, started_at, ended_at)
VALUES ('00000000-0000-7000-8000-000000000006', '00000000-0000-7000-8000-000000000005', 0, 'sandbox', 'succeeded', 'ch_1',
    117, now(), now());
WITH booked AS (
    INSERT INTO payments.ledger_transactions (id, kind, source, at) VALUES
        ('00000000-0000-7000-8000-000000000007', 'charge', '00000000-0000-7000-8000-000000000006', now()),
        ('00000000-0000-7000-8000-000000000008', 'fee', '00000000-0000-7000-8000-000000000006', now())
)
INSERT INTO payments.ledger_entries (transaction_id, line, account, amount_minor, currency) VALUES
    ('00000000-0000-7000-8000-000000000007', 1, 'provider:sandbox', 3000, 'USD'),
    ('00000000-0000-7000-8000-000000000007', 2, 'sales', -3000, 'USD'),
    ('00000000-0000-7000-8000-000000000008', 1, 'fees', 117, 'USD'),
    ('00000000-0000-7000-8000-000000000008', 2, 'provider:sandbox', -117, 'USD');
INSERT INTO platform.mailbox (id, recipient, subject, text_body, html_body, created_at)
VALUES ('00000000-0000-7000-8000-000000000009', 'kareem@example.com', 'Your receipt from Threadly: order 1001', '', '', now());
INSERT INTO dbos.workflow_status (workflow_uuid, status, name)
VALUES ('receipt:00000000-0000-7000-8000-000000000001', 'SUCCESS', 'store.send_receipt');
