/* The ADC's temperature sensor: the temperature, and the noise in its lowest bits. */
#include "lm3s6965.h"
#include "../cortex-m/drivers.h"
#include "thimble/board.h"

#define DELAY     50u /* cycles from the timer's start to the sample */
#define ANSWER_MS 10u
#define NONE      0xFFFFu

/* A timer starts the conversion: the emulator knows no other way. */
void lm3s_adc_start(void)
{
    ADC_EMUX = EMUX_EM3;
    ADC_SSCTL3 = SSCTL_TS0 | SSCTL_IE0 | SSCTL_END0;
    ADC_ACTSS = ADC_SS3;
    TIMER_CFG = 0; /* one timer of 32 bits */
    TIMER_TAMR = TAMR_ONE_SHOT;
    TIMER_TAILR = DELAY;
}

unsigned lm3s_adc_temperature(void)
{
    ADC_ISC = ADC_SS3;
    TIMER_CTL = CTL_TAOTE | CTL_TAEN;
    uint64_t until = thm_board_now_ms() + ANSWER_MS;
    while ((ADC_RIS & ADC_SS3) == 0)
        if (thm_board_now_ms() >= until)
            return NONE;
    return ADC_SSFIFO3 & 0x3FF;
}

/* Data sheet: the sensor's voltage is 2.7 V - (T + 55) / 75, and 3 V are 1,024 steps. */
bool thm_board_temperature(int32_t *milli_celsius)
{
    unsigned sample = lm3s_adc_temperature();
    if (sample == NONE)
        return false;
    *milli_celsius = 147500 - (int32_t)(sample * 225000 / 1024);
    return true;
}

uint32_t thm_noise_sample(void)
{
    return lm3s_adc_temperature();
}
