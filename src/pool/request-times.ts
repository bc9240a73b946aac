import { ageOf, momentOf, nowUs, type Traffic } from './traffic.ts';

/** When a server's request and transaction began, and its last answer came: microseconds, 0 when there is none. */
export class RequestTimes {
  queryStartUs = 0;
  transactionStartUs = 0;
  /** When its last ReadyForQuery came. */
  answeredAtUs = 0;

  /** A request goes out. @returns whether a transaction begins with it */
  begin(): boolean {
    if (this.queryStartUs !== 0) return false;
    this.queryStartUs = nowUs();
    if (this.transactionStartUs !== 0) return false;
    this.transactionStartUs = this.queryStartUs;
    return true;
  }

  /** A client's request is answered; the next one, if more are due, begins now. */
  answered(traffic: Traffic, isMoreDue: boolean): void {
    const at = nowUs();
    this.answeredAtUs = at;
    traffic.queries++;
    if (this.queryStartUs > 0) {
      traffic.queryUs += at - this.queryStartUs;
      traffic.queryTimes.add(at - this.queryStartUs);
    }
    this.queryStartUs = isMoreDue ? at : 0;
  }

  /** With the last answer its transaction is over. */
  ended(traffic: Traffic): void {
    traffic.transactions++;
    if (this.transactionStartUs > 0) {
      const us = this.answeredAtUs - this.transactionStartUs;
      traffic.transactionUs += us;
      traffic.transactionTimes.add(us);
    }
    this.transactionStartUs = this.queryStartUs;
  }

  /** For another process. */
  pack(): { transactionUs: number; answeredUs: number } {
    return {
      transactionUs: ageOf(this.transactionStartUs),
      answeredUs: ageOf(this.answeredAtUs),
    };
  }

  unpack(packed: { transactionUs: number; answeredUs: number }): void {
    this.transactionStartUs = momentOf(packed.transactionUs);
    this.answeredAtUs = momentOf(packed.answeredUs);
  }
}
