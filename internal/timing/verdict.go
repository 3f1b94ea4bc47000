package timing

import "github.com/layercause/layercause/internal/record"

func verdicts(r *record.Record, l *Ledger, past []*record.Record) []string { return nil }
