export type {
  ClientAddress,
  Credentials,
  LoginFacts,
  LoginStep,
  StoredUser,
  UserLookup,
} from './types.ts';
