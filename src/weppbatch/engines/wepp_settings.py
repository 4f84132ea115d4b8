"""What is chosen for a real WEPP beyond the options that both engines share: its side files and its limits.

From a control to plain values, and to the texts that WEPP finds by their names. It runs nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from weppbatch.engines.watershed import Watershed
from weppbatch.formats.wepp_structure import CREAMS, MUSKINGUM_CUNGE, Peaks
from weppbatch.hydrology.channel import LENGTH_WIDTH_RATIO, ChannelOptions
from weppbatch.nodb.wepp import Wepp

ROUTED_RATIO = 1.5  # of length and width, where channels are routed
SECONDS_PER_YEAR, LEAST_SECONDS = 2.0, 60.0


@dataclass(frozen=True)
class WeppSettings:
    """How WEPP is to run; the defaults are WEPPcloud's, the limits those of the stock build."""

    channel: ChannelOptions = field(default_factory=ChannelOptions)
    hourly_seepage: bool = True
    penman_monteith: tuple[float, float] | None = (0.95, 0.8)
    frost: bool = False
    slope_dependent_shear: tuple[float, float, float, float] | None = None
    routing_interval_s: int | None = None
    max_hillslopes: int = 75
    max_channels: int = 75
    timeout_s: float = 0.0
    keep_outputs: bool = False

    @property
    def peaks(self) -> Peaks:
        """The method by which WEPP finds peaks in channels."""
        return CREAMS if self.routing_interval_s is None else MUSKINGUM_CUNGE

    @property
    def length_width_ratio(self) -> float:
        """Of the watershed, as the channel file has it."""
        return LENGTH_WIDTH_RATIO if self.routing_interval_s is None else ROUTED_RATIO

    def hillslope_timeout_s(self, years: int) -> float:
        """How long a hillslope may take: some hundred times as long as usual."""
        return self.timeout_s or LEAST_SECONDS + SECONDS_PER_YEAR * years

    def watershed_timeout_s(self, years: int, channels: int) -> float:
        """How long the channels may take."""
        return self.timeout_s or LEAST_SECONDS + SECONDS_PER_YEAR * years * channels

    def side_files(self, outlet: int) -> Mapping[str, str]:
        """The files that WEPP reads when it finds them, by name; `outlet` is the last element's number."""
        found = {}
        if self.hourly_seepage:
            found["wepp_ui.txt"] = "1\n"
        if self.penman_monteith:
            kcb, rawp = self.penman_monteith
            found["pmetpara.txt"] = f"1\n'any',{kcb},{rawp},1,'any'\n"
        if self.frost:
            found["frost.txt"] = "1 10 10\n1.0 1.0 1.0 0.00001 0.00001 0.5\n"
        if self.slope_dependent_shear:
            found["tcr.txt"] = " ".join(map(str, self.slope_dependent_shear)) + "\n"
        if self.routing_interval_s is not None:
            found["chan.inp"] = f"1 {self.routing_interval_s}\n0\n1\n{outlet}\n"
        return found

    def limits(self, watershed: Watershed) -> list[str]:
        """In what a watershed exceeds what the executable can hold."""
        counts = (
            ("hillslopes", len(watershed.hillslopes), self.max_hillslopes),
            ("channels", len(watershed.channels), self.max_channels),
        )
        return [f"{there} {what}, at most {most}" for what, there, most in counts if there > most]


def settings_of(control: Wepp) -> WeppSettings:
    """The settings that a control asks for."""
    return WeppSettings(
        channel=ChannelOptions(
            erodibility_s_m=control.channel_erodibility_s_m,
            critical_shear_n_m2=control.channel_critical_shear_n_m2,
            manning_bare=control.channel_manning_bare,
            manning_vegetated=control.channel_manning_vegetated,
            avke_mm_h=control.channel_avke_mm_h,
        ),
        hourly_seepage=control.wepp_ui,
        penman_monteith=(control.pmet_kcb, control.pmet_rawp) if control.pmet else None,
        frost=control.frost,
        slope_dependent_shear=(
            (control.tcr_taumin_n_m2, control.tcr_taumax_n_m2, control.tcr_k, control.tcr_n)
            if control.tcr
            else None
        ),
        routing_interval_s=control.channel_interval_s if control.channel_routing == "muskingum_cunge" else None,
        max_hillslopes=control.wepp_max_hillslopes,
        max_channels=control.wepp_max_channels,
        timeout_s=control.wepp_timeout_s,
        keep_outputs=control.keep_text_files,
    )
