#!/bin/sh
# Run once by the PostgreSQL image: the owner migrates; the application owns nothing and cannot bypass
# row level security.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v owner_password="$POSTGRES_OWNER_PASSWORD" -v app_password="$POSTGRES_APP_PASSWORD" <<'SQL'
CREATE ROLE threadly_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE threadly_app LOGIN PASSWORD :'app_password';
CREATE DATABASE threadly OWNER threadly_owner;
\connect threadly
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
SQL
