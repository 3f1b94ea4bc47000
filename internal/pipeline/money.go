package pipeline

import "github.com/layercause/layercause/internal/timing"

// parsePrice reads --cost-per-minute; nothing given is no price.
func parsePrice(text string) (timing.Price, error) {
	if text == "" {
		return timing.Price{}, nil
	}
	p, err := timing.ParsePrice(text)
	if err != nil {
		return timing.Price{}, usage("write what a minute costs, such as 0.008, 0.008EUR or $0.008", "--cost-per-minute: %w", err)
	}
	return p, nil
}
