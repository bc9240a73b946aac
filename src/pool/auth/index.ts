export type {
  ClientAddress,
  Credentials,
  LoginFacts,
  LoginStep,
  ScramKeys,
  StoredUser,
  UserLookup,
} from './types.ts';
