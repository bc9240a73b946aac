/** What is known of a transaction when its first statement comes. */
export interface RoutedRequest {
  readonly user: string;
  /** That the client is connected to. */
  readonly database: string;
  /** Of its first statement. */
  readonly text: string;
}

/**
 * Decides where transactions go: the name of a database of the pool, or null for the one that the client is
 * connected to. Asked once a transaction; a session that keeps its server is not asked again.
 */
export type Route = (request: RoutedRequest) => string | null;
