-- In the order in which the original's functions come by them.
lock table pgq.subscription, pgq.tick in access exclusive mode
