package report

import (
	"math"
	"strconv"

	"github.com/layercause/layercause/internal/timing"
)

// Cost is time as money: the seconds at a price of a minute. It is no bill, which
// may round up or leave minutes out.
type Cost struct {
	// Currency is three capital letters.
	Currency  string  `json:"currency"`
	PerMinute float64 `json:"perMinute"`
	Saved     float64 `json:"saved"`
	Lost      float64 `json:"lost"`
	Net       float64 `json:"net"` // below zero if the cache cost more than it saved
}

// SetPrice says what a minute of the builder costs, for the totals and all that
// [Report.SetPast] adds.
func (r *Report) SetPrice(p timing.Price) {
	r.Totals.Cost = newCost(p, r.Totals.SavedSeconds, r.Totals.LostSeconds, r.Totals.NetSavedSeconds)
}

// price is that of the report, if it has one.
func (r *Report) price() timing.Price {
	if r.Totals.Cost == nil {
		return timing.Price{}
	}
	return timing.Price{PerMinute: r.Totals.Cost.PerMinute, Currency: r.Totals.Cost.Currency}
}

func newCost(p timing.Price, saved, lost, net float64) *Cost {
	if !p.Given() {
		return nil
	}
	return &Cost{Currency: p.Currency, PerMinute: p.PerMinute, Saved: cents(p.Of(saved)), Lost: cents(p.Of(lost)), Net: cents(p.Of(net))}
}

// cents rounds money to a millionth, which is no whole cent, but keeps the JSON
// readable.
func cents(amount float64) float64 {
	if math.IsNaN(amount) || math.IsInf(amount, 0) {
		return 0
	}
	return math.Round(amount*1e6) / 1e6
}

// money writes an amount for people: "0.0051 USD", "1.24 USD", "1234 USD". A build
// costs parts of a cent, so small amounts have two telling digits.
func money(amount float64, currency string) string {
	if !isCurrency(currency) {
		currency = "?"
	}
	decimals := 2
	switch size := math.Abs(amount); {
	case size < 0.00005:
		return "0 " + currency
	case size < 0.00995:
		decimals = 4
	case size < 0.0995:
		decimals = 3
	case size >= 999.5:
		decimals = 0
	}
	return strconv.FormatFloat(amount, 'f', decimals, 64) + " " + currency
}

func isCurrency(s string) bool {
	return len(s) == 3 && only(s, func(c byte) bool { return 'A' <= c && c <= 'Z' })
}

// perThousand says what builds like this one save and lose in money, or nothing
// where no price is known. One build costs too little to mean anything.
func (v *view) perThousand() string {
	c := v.Totals.Cost
	if c == nil {
		return ""
	}
	const many = 1000
	s := " At " + price(c) + " a minute, 1,000 builds like this one "
	saved, lost := many*c.Saved, many*c.Lost
	switch {
	case saved == 0 && lost == 0:
		return ""
	case saved > 0 && lost > 0:
		s += "save " + money(saved, c.Currency) + " and lose " + money(lost, c.Currency)
	case lost > 0:
		s += "lose " + money(lost, c.Currency)
	default:
		s += "save " + money(saved, c.Currency)
	}
	return s + "."
}

// price writes what a minute costs with all its digits.
func price(c *Cost) string {
	currency := c.Currency
	if !isCurrency(currency) {
		currency = "?"
	}
	return strconv.FormatFloat(c.PerMinute, 'f', -1, 64) + " " + currency
}

// inMoney is the build's balance in money, a sentence or nothing.
func (v *view) inMoney() sentence {
	c := v.Totals.Cost
	if c == nil {
		return nil
	}
	return words("In money, at " + price(c) + " a minute: " + money(c.Saved, c.Currency) + " saved, " +
		money(c.Lost, c.Currency) + " lost, net " + money(c.Net, c.Currency) + ".")
}
