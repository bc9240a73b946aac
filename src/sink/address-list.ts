import { z } from 'zod';

/** Addresses without a login: a password there would be told wherever the address is. */
export const addressList = z
  .array(
    z
      .string()
      .regex(/^[^@\s]+$/)
      .meta({ expected: 'host:port without user and password' }),
  )
  .min(1);
