package timing

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Price is what a minute of the builder costs. The zero value is no price.
type Price struct {
	PerMinute float64
	// Currency is three capital letters, as in ISO 4217.
	Currency string
}

// DefaultCurrency is that of GitHub's price list.
const DefaultCurrency = "USD"

// MaxPrice is the highest price of a minute that is taken for meant.
const MaxPrice = 10_000

var (
	price   = regexp.MustCompile(`^([$€£])?([0-9]{0,12}(?:\.[0-9]{0,12})?) ?([A-Za-z]{3})?$`)
	symbols = map[string]string{"$": "USD", "€": "EUR", "£": "GBP"}
)

// ParsePrice reads a price such as 0.008, 0.008EUR, "0.008 EUR" or $0.008.
func ParsePrice(text string) (Price, error) {
	text = strings.TrimSpace(text)
	m := price.FindStringSubmatch(text)
	if m == nil || strings.Trim(m[2], ".") == "" {
		return Price{}, fmt.Errorf("%q is no amount of money", shortened(text))
	}
	if m[1] != "" && m[3] != "" {
		return Price{}, fmt.Errorf("%q names two currencies", text)
	}
	amount, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return Price{}, fmt.Errorf("%q is no amount of money", text)
	}
	if amount > MaxPrice {
		return Price{}, fmt.Errorf("%q is more than %d a minute", text, MaxPrice)
	}
	p := Price{PerMinute: amount, Currency: DefaultCurrency}
	switch {
	case m[1] != "":
		p.Currency = symbols[m[1]]
	case m[3] != "":
		p.Currency = strings.ToUpper(m[3])
	}
	return p, nil
}

// Given says that there is a price.
func (p Price) Given() bool { return p.Currency != "" }

// Of is what so many seconds cost.
func (p Price) Of(seconds float64) float64 { return seconds / 60 * p.PerMinute }

func shortened(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
