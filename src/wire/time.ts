/** Microseconds from the Unix epoch to 2000-01-01 UTC, where PostgreSQL's clocks start. */
const postgresEpochUs = 946_684_800_000_000n;

/** PostgreSQL's timestamp on the wire to microseconds since the Unix epoch, as all our doors give it. */
export function fromPostgresTime(postgresUs: bigint): bigint {
  return postgresUs + postgresEpochUs;
}

export function toPostgresTime(unixUs: bigint): bigint {
  return unixUs - postgresEpochUs;
}
