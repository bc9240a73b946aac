select pgq._renumber_txids()
