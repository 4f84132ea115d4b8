"""US customary units for the page's switch: one table, given to the page with its data.

Files hold metric units. Factors: NIST Special Publication 811 (2008), appendix B.8; the ton is the short ton.
"""

ACRES_A_HECTARE = 2.471054
TONS_A_TONNE = 1.102311

US_UNITS: dict[str, tuple[str, float, float]] = {
    "mm": ("in", 0.03937008, 0.0),
    "mm/yr": ("in/yr", 0.03937008, 0.0),
    "mm/h": ("in/h", 0.03937008, 0.0),
    "mm/d": ("in/d", 0.03937008, 0.0),
    "m": ("ft", 3.280840, 0.0),
    "km": ("mi", 0.6213712, 0.0),
    "m²": ("ft²", 10.76391, 0.0),
    "ha": ("ac", ACRES_A_HECTARE, 0.0),
    "km²": ("mi²", 0.3861022, 0.0),
    "kg": ("lb", 2.204623, 0.0),
    "t": ("ton", TONS_A_TONNE, 0.0),
    "t/yr": ("ton/yr", TONS_A_TONNE, 0.0),
    "t/ha": ("ton/ac", TONS_A_TONNE / ACRES_A_HECTARE, 0.0),
    "t/ha/yr": ("ton/ac/yr", TONS_A_TONNE / ACRES_A_HECTARE, 0.0),
    "kg/m²": ("ton/ac", TONS_A_TONNE / ACRES_A_HECTARE * 10, 0.0),
    "m³": ("ac-ft", 8.107132e-4, 0.0),
    "m³/s": ("ft³/s", 35.31467, 0.0),
    "°C": ("°F", 1.8, 32.0),
}
"""The metric unit to the US one: its name, a factor, and what is added after."""
