import { request as requestPlain, type Agent } from 'node:http';
import { request as requestTls } from 'node:https';
import { asError } from '../../service/index.ts';

export interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Sends one request and waits for its answer, whose body is thrown away. Rejects with the signal's reason. */
export function post(
  url: URL,
  body: Uint8Array,
  options: { headers: Record<string, string>; agent: Agent; signal: AbortSignal },
): Promise<Answer> {
  const { agent, signal } = options;
  const headers = { ...options.headers, 'Content-Length': String(body.length) };
  const request = url.protocol === 'https:' ? requestTls : requestPlain;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers, agent });
    const abort = (): void => void sent.destroy(asError(signal.reason));
    const settle = (): void => signal.removeEventListener('abort', abort);
    signal.addEventListener('abort', abort, { once: true });
    sent.once('response', (answer) => {
      const { statusCode = 0 } = answer;
      answer.once('end', () =>
        resolve({ status: statusCode, retryAfter: answer.headers['retry-after'] }),
      );
      answer.once('error', reject);
      answer.resume();
    });
    sent.once('error', reject);
    sent.once('close', settle);
    if (signal.aborted) abort();
    else sent.end(body);
  });
}
