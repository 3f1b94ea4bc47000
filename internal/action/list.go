package action

import (
	"fmt"
	"strings"
)

// ParseList splits the text of a list input. kind is Words, Lines or RawLines.
//
// The syntax is that of docker/build-push-action, which reads such an input as
// CSV: a new line ends a record, a field that starts with a quote may hold
// commas and new lines, a doubled quote in it is one quote, and quotes elsewhere
// are plain characters. Words are the fields of all records (a record of one
// field is split at its commas even when it was quoted), Lines and RawLines
// the records with their fields joined again. Space around a value is dropped,
// as are empty values. "#" starts no comment.
//
// Source: getList in https://github.com/docker/actions-toolkit/blob/main/src/util.ts.
func ParseList(text string, kind Kind) ([]string, error) {
	records, err := splitRecords(text, kind != RawLines)
	if err != nil {
		return nil, err
	}
	var list []string
	add := func(v string) {
		if v = strings.TrimSpace(v); v != "" {
			list = append(list, v)
		}
	}
	for _, fields := range records {
		switch {
		case kind != Words:
			add(strings.Join(fields, ","))
		case len(fields) == 1:
			for _, v := range strings.Split(fields[0], ",") {
				add(v)
			}
		default:
			for _, v := range fields {
				add(v)
			}
		}
	}
	return list, nil
}

// splitRecords reads CSV the way csv-parse does with relax_quotes: a closing
// quote that no comma, new line or end follows was not one, and the field keeps
// both quotes.
func splitRecords(text string, quotes bool) ([][]string, error) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	var (
		records [][]string
		fields  []string
		field   []byte
		quoted  bool // inside a quoted field
		opened  int  // the line its quote stands on
		line    = 1
	)
	endField := func() {
		fields = append(fields, string(field))
		field = field[:0]
	}
	endRecord := func() {
		endField()
		records = append(records, fields)
		fields = nil
	}
	for i := 0; i < len(text); i++ {
		c := text[i]
		last := i+1 == len(text)
		switch {
		case quoted && c == '"' && !last && text[i+1] == '"':
			field = append(field, '"')
			i++
		case quoted && c == '"':
			quoted = false
			if !last && text[i+1] != ',' && text[i+1] != '\n' {
				field = append([]byte{'"'}, append(field, '"')...)
			}
		case quoted:
			field = append(field, c)
		case quotes && c == '"' && len(field) == 0:
			quoted, opened = true, line
		case c == ',':
			endField()
		case c == '\n':
			endRecord()
		default:
			field = append(field, c)
		}
		if c == '\n' {
			line++
		}
	}
	if quoted {
		return nil, fmt.Errorf("the quote opened on line %d is not closed", opened)
	}
	endRecord()
	return records, nil
}

func cutNonEmpty(kv string) (key, value string, ok bool) {
	key, value, _ = strings.Cut(kv, "=")
	return key, value, key != "" && value != ""
}
